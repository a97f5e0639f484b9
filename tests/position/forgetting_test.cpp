#include "position/forgetting.h"

#include "position/dense_check.h"
#include "position/forget_check.h"
#include "test.h"
#include "user_error_text.h"

namespace lengthwise {
namespace {

PositionOptions options_named(const std::string& scheme) {
  PositionOptions options;
  options.scheme = scheme;
  return options;
}

torch::Tensor gated_logits(const DenseInputs& inputs) {
  return inputs.logits + forgotten(inputs);
}

torch::Tensor biases_of(const std::string& scheme) {
  return std::get<DistanceBias>(bias_of(*scheme_named(scheme), counted(9))).value;
}

}  // namespace

TEST_CASE("FoX equals the dense float64 form, with all gradients", "[position]") {
  // As CABLE's: running sums are rounded to float32 relative to a block's own origin.
  check_everywhere(drawn_scheme(options_named("fox")), gated_logits,
                   {.relative = 2e-5, .size = 1e-3});
  check_nothing_leaks(drawn_scheme(options_named("fox")));
}

TEST_CASE("FoX's gates begin at a half: a key is halved with every token that follows it",
          "[position]") {
  const auto test = scheme_named("fox");
  const auto values = std::get<KeyBias>(test.bias(torch::zeros({1, 5, kSmallShape.width}))).value;
  CHECK(values.scalar_type() == torch::kFloat64);
  for (int64_t j = 0; j < 5; ++j) {
    const double bias = (values[0][2][j] - values[0][2][4]).item<double>();
    CHECK(bias == Approx(-0.6931471806 * static_cast<double>(4 - j)).margin(1e-6));
  }
}

TEST_CASE("Fixed gates forget by 1/e in 2 to 128 tokens, log-spaced over the heads", "[position]") {
  const auto bias = biases_of("fox_fixed");
  const auto slopes = torch::tensor({1 / 2.0, 1 / 16.0, 1 / 128.0}, torch::kFloat64);
  const auto expected = -torch::outer(slopes, torch::arange(9, torch::kFloat64));
  CHECK(largest_difference(bias, expected) < 1e-7);
}

TEST_CASE("Constant gates begin as the fixed ones and equal their dense form, with gradients",
          "[position]") {
  CHECK(largest_difference(biases_of("fox_constant"), biases_of("fox_fixed")) < 1e-6);
  const DenseBias dense = [](const torch::Tensor& positions, const Parameters& parameters) {
    return torch::sigmoid(parameters.at("layers.1.gate")).log().view({3, 1, 1}) *
           pair_distances(positions);
  };
  const auto test = scheme_named("fox_constant");
  check_everywhere(test, added(dense));
  check_finite_differences(test, added(dense));
}

TEST_CASE("The options of constant gates are their shortest and longest times", "[position]") {
  auto options = options_named("fox_fixed");
  options.group<ForgettingOptions>() = {.shortest = 4, .longest = 64};
  const auto test = scheme_named("fox_fixed", options);
  const auto bias = std::get<DistanceBias>(bias_of(*test, counted(2))).value;
  CHECK(largest_difference(bias.select(1, 1), torch::tensor({-0.25, -0.0625, -0.015625})) < 1e-7);
  options.group<ForgettingOptions>() = {.shortest = 65, .longest = 64};
  CHECK(contains(user_error_text([&] { options.validate(kSmallShape); }),
                 "position.fox.shortest: 65 is above position.fox.longest 64"));
}

}  // namespace lengthwise
