#include "position/file/file_scheme.h"

#include <torch/csrc/autograd/autograd.h>

#include "position/dense_check.h"
#include "position/file/scheme_text.h"
#include "position/scheme_under_test.h"
#include "tensor_check.h"
#include "test.h"

namespace lengthwise {
namespace {

constexpr const char* kByDistance[] = {"alibi",        "alibi_learned", "alibi_scaled",
                                       "t5_bias",      "kerple_log",    "kerple_power",
                                       "fox_constant", "fox_fixed",     "sandwich"};

std::string twin_of(const std::string& scheme) {
  return std::string(LENGTHWISE_SOURCE) + "/tests/position/file/twins/twin_" + scheme + ".py";
}

std::shared_ptr<PositionScheme> made(const std::string& scheme, const ModelShape& shape) {
  PositionOptions options;
  options.scheme = scheme;
  options.validate(shape);
  return make_scheme(options, shape);
}

/// Both with the same numbers, drawn as training begins with the built-in one.
void draw_both(PositionScheme& built_in, PositionScheme& twin) {
  torch::manual_seed(5);
  built_in.reset_parameters();
  const torch::NoGradGuard no_grad;
  const auto from = built_in.named_parameters();
  for (auto& item : twin.named_parameters()) item.value().copy_(from[item.key()]);
}

constexpr const char* kLogDecay =
    "import torch\n"
    "def parameters(heads):\n    return {\"slope\": torch.linspace(1.0, 0.1, heads)}\n"
    "def bias(distance, p):\n    return -p[\"slope\"][:, None] * torch.log1p(distance)\n";

}  // namespace

TEST_CASE("A scheme by distance and its twin of a file have the same values and gradients",
          "[position][file]") {
  // Heads that are no power of two, a window beyond training, and positions that are uneven.
  const ModelShape shape{.width = 24, .heads = 3, .layers = 2, .train_length = 64};
  for (const std::string scheme : kByDistance) {
    CAPTURE(scheme);
    const auto built_in = made(scheme, shape), twin = made(twin_of(scheme), shape);
    draw_both(*built_in, *twin);
    for (const Positions& positions : {counted(100), uneven(70)}) {
      const SchemeInputs drawn = random_inputs(shape, 2, positions.values.size(0));
      const auto cotangent = torch::randn_like(drawn.values);
      const auto attend = [&](PositionScheme& each) {
        each.zero_grad();
        const SchemeInputs inputs = leaves(drawn, torch::kFloat32);
        const auto tables = each.tables(positions);
        const LayerContext context{1, positions, tables, inputs.hidden};
        const auto mixed = causal_attention(inputs.queries, inputs.keys, inputs.values,
                                            each.attention_bias(context));
        mixed.backward(cotangent);
        return std::pair(mixed, inputs.queries.grad());
      };
      const auto [expected, expected_gradient] = attend(*built_in);
      const auto [found, found_gradient] = attend(*twin);
      CHECK(relative_difference(found, expected, 1e-3) < 1e-6);
      CHECK(relative_difference(found_gradient, expected_gradient, 1e-3) < 1e-6);
      for (const auto& item : twin->named_parameters()) {
        CAPTURE(item.key());
        const auto& gradient = built_in->named_parameters()[item.key()].grad();
        REQUIRE(item.value().grad().defined() == gradient.defined());
        if (gradient.defined())
          CHECK(relative_difference(item.value().grad(), gradient, 1e-3) < 1e-6);
      }
    }
  }
}

TEST_CASE("A bias by distance of a file takes the path of the built-in ones", "[position][file]") {
  for (const std::string scheme : kByDistance) {
    CAPTURE(scheme);
    const auto twin = made(twin_of(scheme), kFileShape);
    const Positions even = counted(8), others = uneven(8);
    CHECK(std::holds_alternative<DistanceBias>(bias_of(*twin, even)));
    CHECK(std::holds_alternative<PairBias>(bias_of(*twin, others)));
  }
}

TEST_CASE("Parameters of a file are the module's: a layer's own, and shared ones",
          "[position][file]") {
  const auto scheme = scheme_of_text(
      "import torch\n"
      "def shared_parameters(width):\n    return {\"scale\": torch.full([1], 2.0)}\n"
      "def parameters(heads, layers: int):\n    return {\"slope\": torch.rand([heads])}\n"
      "def bias(distance, p):\n    return -p[\"scale\"] * p[\"slope\"][:, None] * distance\n");
  std::vector<std::string> names;
  for (const auto& item : scheme->named_parameters()) names.push_back(item.key());
  CHECK(names == std::vector<std::string>{"scale", "layers.0.slope", "layers.1.slope"});
  CHECK(scheme->named_parameters()["scale"].item<double>() == 2);
  const auto first = scheme->named_parameters()["layers.0.slope"],
             second = scheme->named_parameters()["layers.1.slope"];
  CHECK(first.scalar_type() == torch::kFloat32);
  CHECK_FALSE(torch::equal(first, second));  // each layer draws its own
  torch::manual_seed(11);
  const auto again = first.clone();
  scheme->reset_parameters();
  CHECK(torch::equal(scheme->named_parameters()["layers.0.slope"], again));
}

TEST_CASE("To look at a scheme file draws nothing from a run", "[position][file]") {
  const std::string path = scheme_file(
      "import torch\ndef parameters(heads):\n    return {\"slope\": torch.rand([heads])}\n"
      "def bias(distance, p):\n    return -p[\"slope\"][:, None] * distance\n");
  torch::manual_seed(9);
  const auto expected = torch::rand({4});
  torch::manual_seed(9);
  options_with(path).validate(kFileShape);
  make_scheme(options_with(path), kFileShape);
  CHECK(torch::equal(torch::rand({4}), expected));
}

TEST_CASE("Every kind of function is what its formula says, in blocks and under windows",
          "[position][file]") {
  const auto under_test = [](const std::string& text) {
    return SchemeUnderTest{scheme_of_text(text), kFileShape, 1};
  };
  check_everywhere(under_test(kLogDecay),
                   added([](const torch::Tensor& positions, const Parameters& parameters) {
                     const auto slope = parameters.at("layers.1.slope").view({-1, 1, 1});
                     return -slope * torch::log1p(pair_distances(positions));
                   }));
  check_everywhere(
      under_test("import torch\n"
                 "def parameters(heads):\n    return {\"slope\": torch.linspace(4.0, 1.0, heads)}\n"
                 "def pair_bias(query_position, key_position, p):\n"
                 "    part = (query_position - key_position) / (query_position + 1)\n"
                 "    return -p[\"slope\"][:, None, None] * part\n"),
      added([](const torch::Tensor& positions, const Parameters& parameters) {
        const auto slope = parameters.at("layers.1.slope").view({-1, 1, 1});
        return -slope * pair_distances(positions) / (positions.unsqueeze(1) + 1);
      }));
  check_everywhere(
      under_test("import torch\nimport torch.nn.functional as F\n"
                 "def parameters(heads, width):\n"
                 "    return {\"weight\": torch.randn([heads, width]) / 5}\n"
                 "def key_bias(hidden, p):\n"
                 "    push = F.softplus(F.linear(hidden, p[\"weight\"]))\n"
                 "    return push.cumsum(1, dtype=torch.float64).transpose(1, 2)\n"),
      [](const DenseInputs& inputs) {
        const auto pushes = torch::log1p(
            torch::matmul(inputs.hidden, inputs.parameters.at("layers.1.weight").t()).exp());
        return inputs.logits + pushes.cumsum(1).transpose(1, 2).unsqueeze(2);
      });
  check_everywhere(
      under_test("import torch\n"
                 "def parameters(heads):\n    return {\"sharper\": torch.full([heads], 0.1)}\n"
                 "def change(logits, query_position, p):\n"
                 "    seen = torch.log1p(query_position).to(logits.dtype)\n"
                 "    return logits * (1 + p[\"sharper\"][:, None, None] * seen)\n"),
      [](const DenseInputs& inputs) {
        const auto sharper = inputs.parameters.at("layers.1.sharper").view({-1, 1, 1});
        return inputs.logits * (1 + sharper * torch::log1p(inputs.positions).unsqueeze(1));
      });
}

TEST_CASE("rotate and embed of a file are what the built-in schemes do", "[position][file]") {
  const auto rotary = made("rotary", kFileShape);
  const auto own = scheme_of_text(
      "import torch\nBASE = 10000.0\n"
      "def rotate(x, positions, head_width):\n    half = head_width // 2\n"
      "    pairs = torch.arange(half, dtype=torch.float64)\n"
      "    angles = positions[:, None] * torch.pow(BASE, -pairs / half)\n"
      "    c = torch.cos(angles).to(x.dtype)\n    s = torch.sin(angles).to(x.dtype)\n"
      "    a = x[..., :half]\n    b = x[..., half:]\n"
      "    return torch.cat([a * c - b * s, b * c + a * s], dim=-1)\n");
  const SchemeInputs inputs = random_inputs(kFileShape, 2, 40);
  const Positions positions = counted(40);
  const auto turned = [&](PositionScheme& scheme, const torch::Tensor& queries) {
    const auto tables = scheme.tables(positions);
    return scheme.apply_to_queries_keys({queries, inputs.keys},
                                        {0, positions, tables, inputs.hidden});
  };
  const auto last = inputs.queries.slice(2, 33);  // the last queries of the window
  CHECK(largest_difference(turned(*own, last).queries, turned(*rotary, last).queries) < 1e-6);
  CHECK(largest_difference(turned(*own, last).keys, turned(*rotary, last).keys) < 1e-6);

  const auto learned = scheme_of_text(
      "import torch\ndef max_length(train_length):\n    return train_length\n"
      "def shared_parameters(width, train_length):\n"
      "    return {\"table\": torch.randn([train_length, width])}\n"
      "def embed(x, positions, p):\n    return x + p[\"table\"][positions.to(torch.int64)]\n");
  CHECK(learned->max_length() == 16);
  const auto table = learned->named_parameters()["table"];
  const Positions whole = counted(16);
  const auto x = torch::randn({2, 16, 24});
  CHECK(torch::equal(learned->apply_to_embeddings(x, whole), x + table));
}

TEST_CASE("What a function returns is held against what attention needs, before training",
          "[position][file]") {
  const auto refused = [](const std::string& text, const std::string& says) {
    const std::string line = refusal_of("import torch\n" + text);
    CAPTURE(text, line);
    CHECK(contains(line, says));
    CHECK(line.starts_with("idea.py:"));
  };
  refused("def bias(distance):\n    return distance\n",
          "idea.py:2: bias returns [16]; it must be [heads, distances] = [3, 16]");
  refused("def bias(distance, heads):\n    return torch.log(distance).expand(heads, -1)\n",
          "idea.py:2: bias gives what is not finite");
  refused(
      "def bias(distance, heads):\n"
      "    return torch.where(distance < 15, distance, distance / 0).expand(heads, -1)\n",
      "not finite");
  refused(
      "def parameters(heads):\n"
      "    return {\"slope\": torch.ones([heads]), \"other\": torch.ones([heads])}\n"
      "def bias(distance, p):\n    return -p[\"slope\"][:, None] * distance\n",
      "idea.py:2: parameters 'other' gets no gradient");
  refused(
      "def parameters(heads):\n    return {\"slope\": torch.ones([heads])}\n"
      "def bias(distance, p):\n    return -p[\"slope\"].detach()[:, None] * distance\n",
      "'slope' gets no gradient");
  refused(
      "def parameters(heads):\n    return {\"slope\": torch.zeros([heads])}\n"
      "def bias(distance, p):\n    return -p[\"slope\"].sqrt()[:, None] * distance\n",
      "'slope' gets a gradient that is not finite");
  refused(
      "def parameters(heads):\n    return {\"slope\": torch.arange(heads)}\n"
      "def bias(distance, p):\n    return -p[\"slope\"][:, None] * distance\n",
      "'slope' holds Long; what is learned is real numbers");
  refused(
      "def parameters(heads):\n    return {\"slope\": torch.ones([heads])}\n"
      "def bias(distance, p):\n    return -p[\"slop\"][:, None] * distance\n",
      "idea.py:5: ");
  refused(
      "def parameters(heads):\n    return {\"slope\": torch.ones([heads])}\n"
      "def bias(distance, p):\n    return -p[\"slope\"] * distance\n",
      "idea.py:5: The size of tensor");
  refused(
      "def bias(distance, heads):\n    return -distance.expand(heads, -1)\n"
      "def change(logits):\n    return logits\n",
      "cannot stand together");
  refused("def rotate(x):\n    return x\ndef rotate_keys(x):\n    return x\n",
          "cannot stand together");
  refused("def max_length(train_length):\n    return 0\ndef embed(x):\n    return x\n",
          "max_length gives 0");
}

TEST_CASE("A function that looks ahead in the text is refused before training",
          "[position][file]") {
  const auto refused = [](const std::string& text, const std::string& says) {
    const std::string line = refusal_of("import torch\n" + text);
    CAPTURE(text, line);
    CHECK(contains(line, says));
  };
  refused(
      "def key_bias(hidden, heads):\n"
      "    return (hidden - hidden.mean(1, keepdim=True))[:, :, :heads].transpose(1, 2)\n",
      "idea.py:2: key_bias looks ahead");
  refused("def embed(x):\n    return x + x.mean(1, keepdim=True)\n", "embed looks ahead");
  refused("def rotate(x):\n    return x + x.flip(2)\n", "rotate looks ahead");
  refused("def change(logits):\n    return logits - logits.mean(3, keepdim=True)\n",
          "idea.py:2: change looks ahead");
  refused("def change(logits):\n    return logits.cumsum(2)\n",
          "another answer when attention asks for other queries");
  refused("def change(logits):\n    return logits + logits.flip(3).cumsum(3).flip(3) / 9\n",
          "change");
  CHECK(refusal_of("import torch\ndef change(logits, visible):\n"
                   "    return logits + (logits * visible).flip(3).cumsum(3).flip(3) / 9\n") == "");
}

TEST_CASE("A block of a file's function is given the rows that its own size calls for",
          "[position][file]") {
  const auto floats = [](const std::string& text) {
    const auto scheme = scheme_of_text(text);
    return std::get<PairBias>(bias_of(*scheme, counted(8))).floats_per_logit;
  };
  const std::string small =
      "import torch\ndef pair_bias(query_position, key_position, heads):\n"
      "    return -(query_position - key_position).expand(heads, -1, -1)\n";
  const std::string large =
      "import torch\ndef parameters(heads):\n    return {\"w\": torch.ones([64, heads])}\n"
      "def pair_bias(query_position, key_position, p):\n"
      "    x = (query_position - key_position).to(torch.float32)[..., None]\n"
      "    return torch.matmul(torch.tanh(x * torch.arange(64)), p[\"w\"]).permute(2, 0, 1)\n";
  CHECK(floats(small) < 16);
  CHECK(floats(large) > 40);  // 64 hidden numbers and their tanh, over 3 heads
}

}  // namespace lengthwise
