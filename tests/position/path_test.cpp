#include "position/path.h"

#include "base/memory.h"
#include "position/dense_check.h"
#include "position/forget_check.h"
#include "test.h"

namespace lengthwise {
namespace {

PositionOptions path_options(const std::string& scheme) {
  PositionOptions options;
  options.scheme = scheme;
  options.group<PathOptions>().rank = 5;
  return options;
}

/// [B, H, T, K] of length 1: written with a shift matrix a tap.
torch::Tensor directions(const DenseInputs& inputs) {
  const auto low = torch::matmul(inputs.hidden, inputs.parameters.at("layers.1.down").t());
  const auto each = torch::matmul(low, inputs.parameters.at("layers.1.up").t());  // [B, T, H K]
  const auto& kernel = inputs.parameters.at("layers.1.convolution");
  const auto places = torch::arange(each.size(1));
  auto sum = torch::zeros_like(each);
  for (int64_t n = 0; n < 3; ++n) {
    const auto shift = (places.unsqueeze(1) - places).eq(n).to(torch::kFloat64);
    sum = sum + torch::matmul(shift, each) * kernel.select(1, 2 - n);
  }
  const auto w =
      (sum * torch::sigmoid(sum)).unflatten(2, {inputs.logits.size(1), -1}).transpose(1, 2);
  return w / w.pow(2).sum(3, /*keepdim=*/true).sqrt();
}

/// A token at a time: all keys before it are reflected once more, then the query meets them.
torch::Tensor walked_logits(const DenseInputs& inputs) {
  const int64_t length = inputs.logits.size(3);
  const auto w = directions(inputs);
  const auto beta =
      2 *
      torch::sigmoid(torch::linear(inputs.hidden, inputs.parameters.at("layers.1.strength_weight"),
                                   inputs.parameters.at("layers.1.strength_bias")))
          .transpose(1, 2);  // [B, H, T]
  std::vector<torch::Tensor> rows;
  auto keys = inputs.keys.slice(2, 0, 0);
  for (int64_t s = 0; s < length; ++s) {
    const auto ws = w.select(2, s).unsqueeze(2);  // [B, H, 1, K]
    const auto along =
        (keys * ws).sum(3, /*keepdim=*/true) * beta.select(2, s).unsqueeze(2).unsqueeze(3);
    keys = torch::cat({keys - along * ws, inputs.keys.slice(2, s, s + 1)}, 2);
    const auto met = scaled_products(inputs.queries.slice(2, s, s + 1), keys);
    rows.push_back(torch::constant_pad_nd(met, {0, length - s - 1}, 0));
  }
  return torch::cat(rows, 2);
}

torch::Tensor walked_and_gated(const DenseInputs& inputs) {
  return walked_logits(inputs) + forgotten(inputs, "gate_");
}

}  // namespace

TEST_CASE("PaTH equals a walk of one token at a time in float64, with all gradients",
          "[position]") {
  const auto test = drawn_scheme(path_options("path"));
  check_everywhere(test, walked_logits, {.relative = 2e-5});
  check_nothing_leaks(test);
}

TEST_CASE(
    "PaTH is exact over several chunks, in blocks that begin anywhere, under windows and sinks",
    "[position]") {
  const auto test = drawn_scheme(path_options("path"));
  for (const int64_t rows : {0, 48}) {
    for (const Visibility visibility : {Visibility{}, Visibility{70, 3}, Visibility{130, 66}}) {
      check_against_dense(test, walked_logits, {counted(257), rows, visibility, 1},
                          {.relative = 2e-5});
    }
  }
}

TEST_CASE("PaTH is exact for heads that take longer chunks", "[position]") {
  const ModelShape wide{.width = 80, .heads = 2, .layers = 2, .train_length = 16};
  const auto test = scheme_named("path", path_options("path"), wide);
  for (const Visibility visibility : {Visibility{}, Visibility{70, 3}}) {
    check_against_dense(test, walked_logits, {counted(150), 48, visibility, 1}, {.relative = 2e-5});
  }
}

TEST_CASE("PaTH with FoX's gates adds their sum to the walked logits, unscaled", "[position]") {
  const auto test = drawn_scheme(path_options("path_fox"));
  check_everywhere(test, walked_and_gated, {.relative = 4e-5});
  check_nothing_leaks(test);
}

TEST_CASE("With one direction at full strength PaTH turns the sign of a number with every token",
          "[position]") {
  const auto test = drawn_scheme(path_options("path"));
  const torch::NoGradGuard no_grad;
  for (torch::Tensor& parameter : test.parameters()) parameter.zero_();
  const auto parameters = test->named_parameters();
  parameters["layers.1.down"].select(1, 0).fill_(1);
  parameters["layers.1.up"].view({3, 4, 5}).select(1, 0).fill_(1);  // w = (1, 0, 0, 0)
  parameters["layers.1.convolution"].select(1, 2).fill_(1);
  parameters["layers.1.strength_bias"].fill_(40);  // beta = 2
  const auto positions = counted(150);
  const auto tables = test->tables(positions);
  const auto inputs = attention_inputs(
      *test, {torch::ones({1, 3, 150, 4}), torch::ones({1, 3, 150, 4})},
      {.layer = 1, .positions = positions, .tables = tables, .hidden = torch::ones({1, 150, 12})});
  const auto& product = *inputs.parts.product;
  const auto rows =
      product.block(inputs.queries, make_block(0, 150, {}), product.inputs).flip(2)[0][1];
  for (const int64_t i : {0, 1, 63, 64, 149}) {
    for (const int64_t j : {0, 1, 62, 63, 64, 148}) {
      if (j > i) continue;
      CAPTURE(i, j);
      CHECK(rows[i][j].item<double>() == Approx((i - j) % 2 == 0 ? 4 : 2).margin(1e-4));
    }
  }
}

TEST_CASE("PaTH never holds a product of all pairs", "[position]") {
  // [H, T, T] would take 256 MiB here.
  const ModelShape shape{.width = 64, .heads = 4, .layers = 2, .train_length = 16};
  const auto test = scheme_named("path", path_options("path"), shape);
  const torch::NoGradGuard no_grad;
  const SchemeInputs inputs = random_inputs(shape, 1, 4096);
  reset_peak_memory();
  const double before = peak_memory_mib();
  test.attend(inputs);
  CHECK(peak_memory_mib() - before < 128);
}

}  // namespace lengthwise
