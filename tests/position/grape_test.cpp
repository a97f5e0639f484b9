#include "position/grape.h"

#include "position/alibi.h"
#include "position/dense_check.h"
#include "test.h"

namespace lengthwise {
namespace {

PositionOptions grape_options() {
  PositionOptions options;
  options.scheme = "grape_a";
  return options;
}

torch::Tensor log_one_plus_exp(const torch::Tensor& x) {
  return torch::log1p(torch::exp(x));
}

torch::Tensor dense_logits(const DenseInputs& inputs) {
  const auto& direction = inputs.parameters.at("layers.1.direction");
  const auto unit = direction / direction.pow(2).sum(1, /*keepdim=*/true).sqrt();
  const auto said = torch::einsum("bhjk,hk->bhj", {inputs.keys, unit}) / 2;  // K = 4
  const auto slopes = torch::tensor({1 / 16.0, 1 / 256.0, 1 / 4.0}, torch::kFloat64) *
                      log_one_plus_exp(inputs.parameters.at("layers.1.omega"));
  return inputs.logits - torch::einsum("h,bhj,ij->bhij", {slopes, log_one_plus_exp(said),
                                                          pair_distances(inputs.positions)});
}

}  // namespace

TEST_CASE("GRAPE-A equals the dense float64 form, with all gradients", "[position]") {
  check_everywhere(drawn_scheme(grape_options()), dense_logits, {.relative = 1e-5});
  check_finite_differences(drawn_scheme(grape_options()), dense_logits);
  check_nothing_leaks(drawn_scheme(grape_options()));
}

TEST_CASE("A key that says nothing to GRAPE-A falls off by ALiBi's slope times ln 2 softplus(1)",
          "[position]") {
  const auto test = scheme_named("grape_a");
  const auto keys = torch::zeros({1, 3, 6, 8});
  const auto positions = counted(6);
  const auto tables = test->tables(positions);
  const auto bias = std::get<PairBias>(
      test->attention_bias({.layer = 1, .positions = positions, .tables = tables, .keys = keys}));
  const auto values = bias.block(all_pairs(6), bias.inputs);
  const std::vector<double> slopes = alibi_slopes(3);
  for (int64_t head = 0; head < 3; ++head) {
    CHECK(values[0][head][5][1].item<double>() ==
          Approx(-4 * slopes[static_cast<size_t>(head)] * 0.6931471806 * 1.3132616875));
    CHECK(values[0][head][5][5].item<double>() == 0);
  }
}

TEST_CASE("A key that points along GRAPE-A's direction is forgotten faster, one against it slower",
          "[position]") {
  const auto test = scheme_named("grape_a");
  const torch::NoGradGuard no_grad;
  const auto direction = test->named_parameters()["layers.1.direction"];
  direction.zero_().select(1, 0).fill_(7);  // its length does not count
  auto keys = torch::zeros({1, 3, 3, 8});
  keys.select(2, 0).select(2, 0).fill_(std::sqrt(8.0));   // u k / sqrt(K) = 1
  keys.select(2, 1).select(2, 0).fill_(-std::sqrt(8.0));  // -1
  const auto positions = counted(3);
  const auto tables = test->tables(positions);
  const auto bias = std::get<PairBias>(
      test->attention_bias({.layer = 1, .positions = positions, .tables = tables, .keys = keys}));
  const auto values = bias.block(all_pairs(3), bias.inputs)[0][0][2];
  CHECK(values[0].item<double>() == Approx(-2 * 0.0625 * 1.3132616875 * 1.3132616875));
  CHECK(values[1].item<double>() == Approx(-1 * 0.0625 * 1.3132616875 * 0.3132616875));
}

}  // namespace lengthwise
