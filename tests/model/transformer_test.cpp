#include "model/transformer.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <numbers>
#include <set>

#include "base/error.h"
#include "model/plain_weights.h"
#include "position/alibi.h"
#include "position/options.h"
#include "position/scheme.h"
#include "position/scheme_options.h"
#include "tensor_check.h"
#include "test.h"
#include "training/checkpoint.h"

namespace lengthwise {
namespace {

constexpr int64_t kVocabularySize = 108;

Transformer model_of(const ModelOptions& options, const std::string& scheme = "none",
                     uint64_t seed = 1) {
  const PositionOptions position = options_of(scheme_entry(scheme), options.shape());
  Transformer model = make_transformer(options, position, kVocabularySize);
  model->reset_parameters(seed);
  return model;
}

std::set<std::string> names_of(const Transformer& model) {
  std::set<std::string> names;
  for (const auto& [name, parameter] : named_parameters(*model)) names.insert(name);
  return names;
}

torch::Tensor random_tokens(int64_t rows, int64_t length) {
  torch::manual_seed(9);
  return torch::randint(kVocabularySize, {rows, length}, torch::kInt64);
}

/// The transformer once more in float64 with nothing but products, sums and exponentials, written
/// from the papers: the parameters by their names, one head and one block at a time.
class ReferenceTransformer {
 public:
  ReferenceTransformer(const Transformer& model, std::string scheme)
      : options_(model->options), scheme_(std::move(scheme)) {
    for (const auto& [name, parameter] : named_parameters(*model)) {
      weights_[name] = parameter.detach().to(torch::kFloat64).clone().requires_grad_();
    }
  }

  const NamedTensors& weights() const { return weights_; }

  torch::Tensor mean_nats(const torch::Tensor& tokens) const {  // [T + 1]
    const int64_t length = tokens.size(0) - 1;
    const auto& head = weights_.at(options_.tied_embeddings ? "embedding.weight" : "head.weight");
    const auto logits = torch::matmul(hidden(tokens.slice(0, 0, length)), head.t());
    const auto chosen = logits.gather(1, tokens.slice(0, 1).unsqueeze(1)).squeeze(1);
    return (torch::log(torch::exp(logits).sum(1)) - chosen).mean();
  }

  torch::Tensor hidden(const torch::Tensor& tokens) const {  // [T] -> [T, D]
    auto x = weights_.at("embedding.weight").index_select(0, tokens) * options_.embedding_scale;
    if (options_.embedding_norm) x = norm("embedding_norm.", x);
    if (scheme_ == "sinusoidal") x = x + sinusoids(tokens.size(0));
    if (scheme_ == "learned") x = x + weights_.at("position.table").slice(0, 0, tokens.size(0));
    for (int64_t layer = 0; layer < options_.layers; ++layer) {
      const std::string block = "blocks." + std::to_string(layer) + ".";
      const bool after_norm = options_.residual == "norm";
      const auto first = norm(block + "attention_norm.", x);
      x = (after_norm ? first : x) + attention(block + "attention.", first);
      const auto second = norm(block + "feedforward_norm.", x);
      x = (after_norm ? second : x) + feedforward(block + "feedforward.", second);
    }
    return norm("final_norm.", x) * options_.logit_scale;
  }

 private:
  torch::Tensor norm(const std::string& name, const torch::Tensor& x) const {
    const auto centred = options_.norm == "layer" ? x - x.mean(1, true) : x;
    const auto scaled = centred / (centred.square().mean(1, true) + options_.norm_epsilon).sqrt() *
                        weights_.at(name + "weight");
    return options_.norm == "layer" ? with_bias("norm", name + "bias", scaled) : scaled;
  }

  torch::Tensor with_bias(const std::string& place, const std::string& name,
                          const torch::Tensor& x) const {
    const auto& places = options_.biases;
    return std::ranges::find(places, place) == places.end() ? x : x + weights_.at(name);
  }

  torch::Tensor linear(const std::string& name, const torch::Tensor& x) const {
    return with_bias("feedforward", name + ".bias",
                     torch::matmul(x, weights_.at(name + ".weight").t()));
  }

  torch::Tensor feedforward(const std::string& name, const torch::Tensor& x) const {
    const auto up = linear(name + "up", x);
    torch::Tensor inner;
    if (options_.activation == "relu") {
      inner = up.clamp_min(0);
    } else if (options_.activation == "gelu") {
      inner = up * (1 + torch::erf(up / std::numbers::sqrt2)) / 2;
    } else if (options_.activation == "gelu_tanh") {
      inner =
          up / 2 * (1 + torch::tanh(std::sqrt(2 / std::numbers::pi) * (up + 0.044715 * up.pow(3))));
    } else {
      const auto gate = linear(name + "gate", x);
      inner = gate / (1 + torch::exp(-gate)) * up;
    }
    return linear(name + "down", inner);
  }

  torch::Tensor attention(const std::string& name, const torch::Tensor& x) const {
    auto projected = with_bias("query_key_value", name + "query_key_value.bias",
                               torch::matmul(x, weights_.at(name + "query_key_value.weight").t()));
    const double clip = options_.query_key_value_clip;
    if (clip > 0) projected = projected.clamp(-clip, clip);
    const int64_t heads = options_.heads;
    const int64_t fewer = options_.key_value_heads > 0 ? options_.key_value_heads : heads;
    const int64_t width =
        options_.head_width > 0 ? options_.head_width : options_.width / options_.heads;
    const auto queries = projected.slice(1, 0, heads * width),
               keys = projected.slice(1, heads * width, (heads + fewer) * width),
               values = projected.slice(1, (heads + fewer) * width);
    std::vector<torch::Tensor> mixed;
    for (int64_t head = 0; head < heads; ++head) {
      const auto of_head = [&](const torch::Tensor& all, int64_t which) {
        return all.slice(1, which * width, (which + 1) * width);
      };
      const int64_t shared = head / (heads / fewer);
      mixed.push_back(attend(of_head(normed(name + "query_norm.", queries, width), head),
                             of_head(normed(name + "key_norm.", keys, width), shared),
                             of_head(values, shared), head));
    }
    return with_bias("output", name + "output.bias",
                     torch::matmul(torch::cat(mixed, 1), weights_.at(name + "output.weight").t()));
  }

  /// Queries or keys [T, heads K], normalised as model.query_key_norm says.
  torch::Tensor normed(const std::string& name, const torch::Tensor& x, int64_t width) const {
    if (options_.query_key_norm == "none") return x;
    if (options_.query_key_norm == "all_heads") return norm(name, x);
    std::vector<torch::Tensor> heads;
    for (const auto& head : x.split(width, 1)) heads.push_back(norm(name, head));
    return torch::cat(heads, 1);
  }

  torch::Tensor attend(torch::Tensor queries, torch::Tensor keys, const torch::Tensor& values,
                       int64_t head) const {
    if (scheme_ == "rotary") {
      queries = turned(queries);
      keys = turned(keys);
    }
    const auto places = torch::arange(queries.size(0), torch::kFloat64);
    const auto distances = places.unsqueeze(1) - places.unsqueeze(0);
    const double scale = options_.attention_scale > 0
                             ? options_.attention_scale
                             : 1 / std::sqrt(static_cast<double>(keys.size(1)));
    auto logits = torch::matmul(queries, keys.t()) * scale;
    if (scheme_ == "alibi") {
      logits = logits - alibi_slopes(options_.heads)[static_cast<size_t>(head)] * distances;
    }
    const auto weights =
        torch::exp(logits.masked_fill(distances < 0, -std::numeric_limits<double>::infinity()));
    return torch::matmul(weights / weights.sum(1, true), values);
  }

  /// Each pair (i, i + K/2) as a complex number, times e^(i angle).
  static torch::Tensor turned(const torch::Tensor& x) {
    const auto halves = x.chunk(2, 1);
    const auto angles = angles_of(x.size(0), x.size(1));
    const auto product =
        torch::complex(halves[0], halves[1]) * torch::polar(torch::ones_like(angles), angles);
    return torch::cat({torch::real(product), torch::imag(product)}, 1);
  }

  static torch::Tensor sinusoids(int64_t length, int64_t width) {
    const auto angles = angles_of(length, width);
    return torch::stack({angles.sin(), angles.cos()}, 2).view({length, width});
  }
  torch::Tensor sinusoids(int64_t length) const { return sinusoids(length, options_.width); }

  static torch::Tensor angles_of(int64_t length, int64_t width) {
    auto angles = torch::empty({length, width / 2}, torch::kFloat64);
    for (int64_t p = 0; p < length; ++p) {
      for (int64_t i = 0; i < width / 2; ++i) {
        angles[p][i] = static_cast<double>(p) /
                       std::pow(10000.0, 2.0 * static_cast<double>(i) / static_cast<double>(width));
      }
    }
    return angles;
  }

  ModelOptions options_;
  std::string scheme_;
  NamedTensors weights_;
};

/// Norms and biases moved from where reset leaves them, so that a forgotten one shows.
void disturb_vectors(Transformer& model) {
  const torch::NoGradGuard no_grad;
  torch::manual_seed(3);
  for (auto& parameter : model->parameters()) {
    if (parameter.dim() == 1) parameter.add_(torch::randn_like(parameter) * 0.3);
  }
}

void check_against_reference(const ModelOptions& options, const std::string& scheme) {
  Transformer model = model_of(options, scheme);
  disturb_vectors(model);
  if (!options.tied_embeddings) {
    const torch::NoGradGuard no_grad;
    head_weight(model).mul_(20);
  }
  const ReferenceTransformer reference(model, scheme);
  const auto tokens = random_tokens(1, 20);

  const auto hidden = model->forward(tokens.slice(1, 0, 19));
  // Hidden states are of size 1 to 4; float32 loses a digit on its way through the layers.
  CHECK(largest_difference(hidden[0], reference.hidden(tokens[0].slice(0, 0, 19))) < 2e-5);

  const auto loss = model->head->mean_nats(hidden.flatten(0, 1), tokens[0].slice(0, 1));
  const auto expected = reference.mean_nats(tokens[0]);
  CHECK(loss.item<double>() == Approx(expected.item<double>()).epsilon(1e-5));
  loss.backward();
  expected.backward();
  for (const auto& [name, parameter] : named_parameters(*model)) {
    CAPTURE(name);
    const auto& gradient = reference.weights().at(name).grad();
    CHECK(largest_difference(parameter.grad(), gradient) <
          1e-4 * gradient.abs().max().item<double>());
  }
}

ModelOptions tiny() {
  ModelOptions options;
  options.width = 12;
  options.layers = 2;
  options.heads = 3;
  options.feedforward = 20;
  options.train_length = 20;
  return options;
}

double spread_of(const torch::Tensor& tensor) {
  return tensor.detach().to(torch::kFloat64).square().mean().sqrt().item<double>();
}

}  // namespace

TEST_CASE("The default model has the corpus page's number of parameters", "[model]") {
  CHECK(parameter_count(model_of({})) == 80384);
  CHECK(parameter_count(model_of({}, "alibi")) == 80384);
  CHECK(parameter_count(model_of({}, "rotary")) == 80384);
  CHECK(parameter_count(model_of({}, "sinusoidal")) == 80384);
  CHECK(parameter_count(model_of({}, "learned")) == 84480);
}

TEST_CASE("Parameters have the names that checkpoints are known by", "[model]") {
  ModelOptions options = tiny();
  options.layers = 1;
  const std::set<std::string> expected = {"embedding.weight",
                                          "blocks.0.attention_norm.weight",
                                          "blocks.0.attention_norm.bias",
                                          "blocks.0.attention.query_key_value.weight",
                                          "blocks.0.attention.output.weight",
                                          "blocks.0.feedforward_norm.weight",
                                          "blocks.0.feedforward_norm.bias",
                                          "blocks.0.feedforward.up.weight",
                                          "blocks.0.feedforward.up.bias",
                                          "blocks.0.feedforward.down.weight",
                                          "blocks.0.feedforward.down.bias",
                                          "final_norm.weight",
                                          "final_norm.bias",
                                          "head.weight",
                                          "position.table"};
  CHECK(names_of(model_of(options, "learned")) == expected);

  options.norm = "rms";
  options.activation = "swiglu";
  options.tied_embeddings = true;
  const std::set<std::string> expected_other = {"embedding.weight",
                                                "blocks.0.attention_norm.weight",
                                                "blocks.0.attention.query_key_value.weight",
                                                "blocks.0.attention.output.weight",
                                                "blocks.0.feedforward_norm.weight",
                                                "blocks.0.feedforward.up.weight",
                                                "blocks.0.feedforward.up.bias",
                                                "blocks.0.feedforward.gate.weight",
                                                "blocks.0.feedforward.gate.bias",
                                                "blocks.0.feedforward.down.weight",
                                                "blocks.0.feedforward.down.bias",
                                                "final_norm.weight"};
  CHECK(names_of(model_of(options)) == expected_other);
}

TEST_CASE("Models with different schemes begin with the same weights", "[model]") {
  const NamedTensors expected = named_parameters(*model_of({}, "none", 5));
  for (const std::string& scheme : scheme_names()) {
    DYNAMIC_SECTION(scheme) {
      size_t shared = 0;
      for (const auto& [name, parameter] : named_parameters(*model_of({}, scheme, 5))) {
        if (name.starts_with("position.")) continue;
        CAPTURE(name);
        CHECK(torch::equal(parameter, expected.at(name)));
        ++shared;
      }
      CHECK(shared == expected.size());
    }
  }
}

TEST_CASE("Another seed draws other weights, of the scheme too", "[model]") {
  const NamedTensors one = named_parameters(*model_of({}, "learned", 1)),
                     two = named_parameters(*model_of({}, "learned", 2));
  for (const auto& [name, parameter] : one) {
    if (parameter.dim() < 2) continue;
    CAPTURE(name);
    CHECK_FALSE(torch::equal(parameter, two.at(name)));
  }
}

TEST_CASE("Weights are drawn with the spreads the options and the layers ask for", "[model]") {
  ModelOptions options;
  options.embedding_std = 0.3;
  options.head_std = 0.05;
  Transformer model = model_of(options, "learned");
  const NamedTensors weights = named_parameters(*model);
  // The root of n squares is off by 1/sqrt(2 n): 0.8 % for the smallest matrix here, of 6912; 5 %
  // is six times that.
  const auto check_spread = [&](const std::string& name, double expected) {
    CAPTURE(name);
    CHECK(spread_of(weights.at(name)) == Approx(expected).epsilon(0.05));
  };
  check_spread("embedding.weight", 0.3);
  check_spread("head.weight", 0.05);
  check_spread("position.table", 0.1);
  check_spread("blocks.0.attention.query_key_value.weight", 1.0 / 8);  // 1 / sqrt(64)
  check_spread("blocks.1.attention.output.weight", 1.0 / 16);          // halved: 2 layers
  check_spread("blocks.0.feedforward.up.weight", 1.0 / 8);
  check_spread("blocks.1.feedforward.down.weight", 0.0883883476 / 2);  // 1 / sqrt(128), halved
  CHECK(spread_of(weights.at("blocks.0.feedforward.up.bias")) == 0);
  CHECK(torch::equal(weights.at("final_norm.weight"), torch::ones({64})));
}

TEST_CASE("The transformer and its gradients equal a plain float64 one, for every kind of layer",
          "[model]") {
  for (const std::string activation : {"relu", "gelu", "swiglu"}) {
    for (const std::string norm : {"layer", "rms"}) {
      for (bool tied : {false, true}) {
        DYNAMIC_SECTION(activation << ", " << norm << (tied ? ", tied" : ", untied")) {
          ModelOptions options = tiny();
          options.activation = activation;
          options.norm = norm;
          options.tied_embeddings = tied;
          options.embedding_scale = tied ? 3.5 : 1;
          check_against_reference(options, "none");
        }
      }
    }
  }
}

TEST_CASE("The transformer and its gradients equal a plain float64 one, for the classic schemes",
          "[model]") {
  for (const std::string scheme : {"none", "sinusoidal", "learned", "rotary", "alibi"}) {
    DYNAMIC_SECTION(scheme) {
      ModelOptions options = tiny();
      options.embedding_scale = 1.7;  // multiplies the tokens, not what positions add
      check_against_reference(options, scheme);
    }
  }
}

TEST_CASE("The transformer and its gradients equal a plain float64 one, for what checkpoints bring",
          "[model]") {
  const std::vector<std::pair<std::string, std::function<void(ModelOptions&)>>> kinds = {
      {"one key-value head", [](ModelOptions& options) { options.key_value_heads = 1; }},
      {"two key-value heads of four, of another width",
       [](ModelOptions& options) {
         options.heads = 4;
         options.key_value_heads = 2;
         options.head_width = 6;
       }},
      {"a head width that the width is no multiple of",
       [](ModelOptions& options) { options.heads = 5, options.head_width = 4; }},
      {"no biases", [](ModelOptions& options) { options.biases = {}; }},
      {"all biases",
       [](ModelOptions& options) {
         options.biases = {"query_key_value", "output", "feedforward", "norm"};
       }},
      {"biases and one key-value head",
       [](ModelOptions& options) {
         options.biases = {"query_key_value", "output"};
         options.key_value_heads = 1;
       }},
      {"epsilon", [](ModelOptions& options) { options.norm_epsilon = 0.1; }},
      {"embedding norm", [](ModelOptions& options) { options.embedding_norm = true; }},
      {"residual after the norm", [](ModelOptions& options) { options.residual = "norm"; }},
      {"tanh GELU", [](ModelOptions& options) { options.activation = "gelu_tanh"; }},
      {"clipping", [](ModelOptions& options) { options.query_key_value_clip = 0.7; }},
      {"norm over all heads",
       [](ModelOptions& options) {
         options.query_key_norm = "all_heads";
         options.heads = 4;
         options.head_width = 6;
         options.key_value_heads = 2;
       }},
      {"norm over each head", [](ModelOptions& options) { options.query_key_norm = "each_head"; }},
      {"attention scale", [](ModelOptions& options) { options.attention_scale = 1.3; }},
      {"logit scale", [](ModelOptions& options) { options.logit_scale = 0.4; }},
  };
  for (const auto& [name, change] : kinds) {
    DYNAMIC_SECTION(name) {
      ModelOptions options = tiny();
      change(options);
      options.validate();
      check_against_reference(options, "rotary");
      options.norm = "rms";
      check_against_reference(options, "alibi");
    }
  }
}

TEST_CASE(
    "The last places of a window are computed as in the whole, with fewer key-value heads too",
    "[model]") {
  ModelOptions options = tiny();
  options.key_value_heads = GENERATE(0, 1);
  options.biases = {"query_key_value", "output", "feedforward", "norm"};
  options.query_key_norm = "each_head";
  options.residual = GENERATE("stream", "norm");
  Transformer model = model_of(options, "rotary");
  disturb_vectors(model);
  const auto tokens = random_tokens(2, 20);
  const auto last = model->forward_last(tokens, 5);
  CHECK(largest_difference(last, model->forward(tokens).slice(1, 15)) < 1e-5);
}

TEST_CASE("Dropout rests in evaluation and works in training", "[model]") {
  ModelOptions options = tiny();
  const auto tokens = random_tokens(2, 20);
  const auto without = model_of(options)->forward(tokens);
  options.dropout = 0.25;
  Transformer model = model_of(options);
  model->eval();
  CHECK(torch::equal(model->forward(tokens), without));
  model->train();
  const auto once = model->forward(tokens);
  CHECK_FALSE(torch::equal(once, without));
  CHECK_FALSE(torch::equal(model->forward(tokens), once));
}

TEST_CASE("Dropout stands after the embeddings and each sublayer and keeps the mean", "[model]") {
  constexpr double kDropout = 0.25, kAdded = 1e-4;
  ModelOptions options = tiny();
  options.width = 48;
  options.layers = 1;
  options.dropout = kDropout;
  Transformer model = model_of(options);
  const torch::NoGradGuard no_grad;
  BlockImpl& block = *model->blocks[0];
  embedding_weight(model).zero_();
  block.attention->output->weight.zero_();
  block.feedforward->down->weight.zero_();

  // One place at a time adds the same small number everywhere, and nothing else adds anything.
  SECTION("embeddings") {
    embedding_weight(model).fill_(kAdded);
  }
  SECTION("attention") {
    block.attention_norm->bias.fill_(1);
    const double fan_in = static_cast<double>(options.width);
    block.attention->query_key_value->weight.fill_(1 / fan_in);
    block.attention->output->weight.fill_(kAdded / fan_in);
  }
  SECTION("feed-forward") {
    block.feedforward->down->bias.fill_(kAdded);
  }

  // The final norm takes the mean away and, for numbers as small as these beside its epsilon of
  // 1e-5, only multiplies by 316.2: two values are left, 0 and kAdded / (1 - kDropout), moved.
  model->train();
  const auto hidden = model->forward(random_tokens(50, 20)).flatten(0, 1);  // [N, D]
  const auto moved = hidden - hidden.amin(1, true);
  const auto kept = moved > moved.max() / 2;
  const double value = moved.masked_select(kept).mean().item<double>();
  CHECK(value == Approx(kAdded / (1 - kDropout) / std::sqrt(1e-5)).epsilon(0.01));
  CHECK(moved.masked_select(kept).std().item<double>() < 0.01 * value);
  // 48,000 draws: standard deviation 0.002.
  CHECK(kept.to(torch::kFloat64).mean().item<double>() == Approx(1 - kDropout).margin(0.01));
}

TEST_CASE("The width must be a multiple of the heads", "[model]") {
  ModelOptions options;
  options.heads = 5;
  CHECK_THROWS_AS(options.validate(), UserError);
  options.heads = 8;
  CHECK_NOTHROW(options.validate());
  options.heads = 5, options.head_width = 7;
  CHECK_NOTHROW(options.validate());
  options.key_value_heads = 2;
  CHECK_THROWS_AS(options.validate(), UserError);
}

}  // namespace lengthwise
