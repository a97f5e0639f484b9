#include "position/content_bias.h"

#include "position/dense_check.h"
#include "test.h"

namespace lengthwise {
namespace {

PositionOptions content_options(int64_t rank, int64_t reach) {
  PositionOptions options;
  options.scheme = "content_bias";
  options.group<ContentBiasOptions>() = {.rank = rank, .reach = reach};
  return options;
}

/// Every distance against every profile's place, as one-hot numbers.
torch::Tensor dense_logits(const DenseInputs& inputs) {
  const auto& profiles = inputs.parameters.at("layers.1.profiles");  // [R, N]
  const auto asked = torch::linear(inputs.hidden, inputs.parameters.at("layers.1.weight"))
                         .unflatten(2, {3, -1});  // [B, T, H, R]
  const auto distances = pair_distances(inputs.positions).unsqueeze(2);
  const auto at_place =
      (distances == torch::arange(profiles.size(1), torch::kFloat64)).to(torch::kFloat64);
  return inputs.logits + torch::einsum("bihr,rn,ijn->bhij", {asked, profiles, at_place});
}

}  // namespace

TEST_CASE("The content bias equals the dense float64 form, with all gradients", "[position]") {
  for (const int64_t reach : {5, 200}) {
    CAPTURE(reach);
    const auto test = drawn_scheme(content_options(3, reach));
    check_everywhere(test, dense_logits, {.relative = 1e-5});
    check_nothing_leaks(test);
  }
  check_finite_differences(drawn_scheme(content_options(3, 200)), dense_logits);
}

TEST_CASE(
    "The content bias answers each distance by what the query asks, and none from its reach on",
    "[position]") {
  // Head h asks with h + 1 times the input's first number.
  const auto test = drawn_scheme(content_options(1, 3));
  const torch::NoGradGuard no_grad;
  const auto parameters = test->named_parameters();
  parameters["layers.1.weight"].zero_().select(1, 0).copy_(torch::tensor({1.0f, 2.0f, 3.0f}));
  parameters["layers.1.profiles"].copy_(torch::tensor({{10.0f, 20.0f, 30.0f}}));
  auto hidden = torch::zeros({1, 5, 12});
  hidden.select(2, 0).copy_(torch::arange(5).unsqueeze(0));  // query i asks with i
  const auto bias = std::get<PairBias>(test.bias(hidden));
  const auto values = bias.block(all_pairs(5), bias.inputs)[0];
  const std::vector<double> expected = {0, 0, 120, 80, 40};  // distances 4, 3, 2, 1, 0 of query 4
  for (int64_t head = 0; head < 3; ++head) {
    for (int64_t j = 0; j < 5; ++j) {
      CHECK(values[head][4][j].item<double>() ==
            Approx(static_cast<double>(head + 1) * expected[static_cast<size_t>(j)]));
    }
  }
}

}  // namespace lengthwise
