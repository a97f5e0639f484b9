#include "position/polar.h"

#include "position/dense_check.h"
#include "test.h"

namespace lengthwise {
namespace {

/// Its deltas within the clamp, but for the first below it and the second above.
SchemeUnderTest polar_scheme() {
  const auto test = scheme_named("pope", {}, kNarrowShape);
  torch::manual_seed(3);
  const torch::NoGradGuard no_grad;
  const auto delta = test->named_parameters()["delta"];
  delta.uniform_(-6, -0.1);
  delta[0][0].fill_(-7);
  delta[0][1].fill_(1);
  return test;
}

torch::Tensor dense_logits(const DenseInputs& inputs) {
  const auto lengths = [](const torch::Tensor& x) { return torch::log1p(torch::exp(x)); };
  const auto frequencies = torch::pow(10000.0, torch::arange(4, torch::kFloat64) / -4);
  const auto delta = inputs.parameters.at("delta").clamp(-6.283185307179586, 0);
  const auto distances = (inputs.positions.unsqueeze(1) - inputs.positions).unsqueeze(2);
  const auto angles = distances * frequencies - delta.view({3, 1, 1, 4});  // [H, T, T, K]
  return torch::einsum("bhik,bhjk,hijk->bhij",
                       {lengths(inputs.queries), lengths(inputs.keys), angles.cos()}) /
         2;
}

}  // namespace

TEST_CASE("PoPE equals the dense float64 form, with all gradients", "[position]") {
  check_everywhere(polar_scheme(), dense_logits, {.relative = 1e-5});
  check_nothing_leaks(polar_scheme());
}

TEST_CASE("PoPE's deltas have the slope of the loss within their bounds and none beyond",
          "[position]") {
  const auto test = polar_scheme();
  test.attend(random_inputs(kNarrowShape, 1, 20)).pow(2).sum().backward();
  const auto slope = test->named_parameters()["delta"].grad();
  CHECK(slope[0][0].item<double>() == 0);
  CHECK(slope[0][1].item<double>() == 0);
  CHECK(slope.ne(0).sum().item<int64_t>() == 10);
}

TEST_CASE("PoPE's vectors of zeros have lengths of ln 2, at an angle a dimension", "[position]") {
  const auto test = scheme_named("pope", {}, kNarrowShape);
  const auto positions = counted(4);
  const auto tables = test->tables(positions);
  const auto zeros = torch::zeros({1, 3, 4, 4});
  const auto pair = test->apply_to_queries_keys(
      {zeros, zeros}, {.layer = 0, .positions = positions, .tables = tables});
  REQUIRE(pair.keys.sizes() == torch::IntArrayRef({1, 3, 4, 8}));
  const auto products = torch::matmul(pair.queries, pair.keys.transpose(2, 3));
  // base^(-c/4): 1, 0.1, 0.01 and 0.001 a token.
  const double expected =
      0.4804530139 * (std::cos(3.0) + std::cos(0.3) + std::cos(0.03) + std::cos(0.003));
  CHECK(products[0][1][3][0].item<double>() == Approx(expected).epsilon(1e-6));
  CHECK(products[0][1][2][2].item<double>() == Approx(4 * 0.4804530139).epsilon(1e-6));
}

TEST_CASE("PoPE begins at deltas of 0, one set for all layers", "[position]") {
  const auto parameters = scheme_named("pope")->named_parameters();
  REQUIRE(parameters.size() == 1);
  CHECK(torch::equal(parameters["delta"].detach(), torch::zeros({3, 8})));
}

}  // namespace lengthwise
