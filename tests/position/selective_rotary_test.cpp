#include "position/selective_rotary.h"

#include "position/causal_convolution.h"
#include "position/dense_check.h"
#include "position/forget_check.h"
#include "position/rotary_check.h"
#include "test.h"
#include "user_error_text.h"

namespace lengthwise {
namespace {

PositionOptions selective_options(double base = 20) {
  PositionOptions options;
  options.scheme = "selective_rotary";
  options.group<SelectiveRotaryOptions>() = {.base = base, .rank = 5};
  return options;
}

/// By how much each token turns: [B, H, K/2, T], K = 4.
torch::Tensor turns(const DenseInputs& inputs) {
  const auto slices = inputs.hidden.unflatten(2, {3, 4});
  const auto unit = (slices / slices.pow(2).sum(3, /*keepdim=*/true).sqrt()).flatten(2);
  const auto low = torch::matmul(unit, inputs.parameters.at("layers.1.down").t());
  const auto each = torch::matmul(low, inputs.parameters.at("layers.1.up").t());  // [B, T, 6]
  const auto& kernel = inputs.parameters.at("layers.1.convolution");              // [6, 4]
  const auto behind = pair_distances(torch::arange(each.size(1), torch::kFloat64)) -
                      torch::ones({each.size(1), each.size(1)}, torch::kFloat64).triu(1);
  auto sum = torch::zeros_like(each);
  for (int64_t n = 0; n < 4; ++n) {
    const auto shift = behind.eq(n).to(torch::kFloat64);  // [t, s]: s = t - n
    sum = sum + torch::matmul(shift, each) * kernel.select(1, 3 - n);
  }
  return sum.unflatten(2, {3, 2}).permute({0, 2, 3, 1});
}

/// The relative form: each pair of dimensions turned by the sum over the tokens between.
torch::Tensor dense_logits(const DenseInputs& inputs) {
  const auto frequencies = torch::tensor({1.0, std::pow(20.0, -0.5)}, torch::kFloat64);
  const auto angles = torch::einsum(
      "bhpl,ijl,p->bhijp", {turns(inputs), places_between(inputs.positions.size(0)), frequencies});
  const auto q = complex_pairs(inputs.queries, 2, "half").unsqueeze(3);
  const auto k = complex_pairs(inputs.keys, 2, "half").unsqueeze(2);
  const auto turn = torch::complex(angles.cos(), angles.sin());
  return torch::real(q * k.conj() * turn).sum(4) / 2;
}

}  // namespace

TEST_CASE("Selective RoPE equals the dense float64 form, with all gradients", "[position]") {
  const auto test = drawn_scheme(selective_options());
  check_everywhere(test, dense_logits, {.relative = 2e-5});
  check_finite_differences(test, dense_logits);
  check_nothing_leaks(test);
}

TEST_CASE("Selective RoPE is rotary where every token turns by one", "[position]") {
  PositionOptions options = selective_options(500000);
  options.group<SelectiveRotaryOptions>().rank = 1;
  const auto test = drawn_scheme(options);
  const torch::NoGradGuard no_grad;
  const auto parameters = test->named_parameters();
  parameters["layers.1.down"].zero_().select(1, 0).fill_(1);
  parameters["layers.1.up"].fill_(1);
  parameters["layers.1.convolution"].zero_().select(1, 3).fill_(1);
  SchemeInputs inputs = random_inputs(kNarrowShape, 2, 50);
  inputs.hidden.zero_();
  inputs.hidden.select(2, 0).fill_(3);  // of length 1 once it is normalised
  inputs.hidden.select(2, 4).fill_(2);
  inputs.hidden.select(2, 8).fill_(2);
  PositionOptions rotary;
  rotary.group<RotaryOptions>().base = 500000;
  const auto expected = scheme_named("rotary", rotary, kNarrowShape).attend(inputs);
  CHECK(largest_difference(test.attend(inputs), expected) < 1e-5);
}

TEST_CASE("A causal convolution's last column stands at the token itself", "[position]") {
  const auto x = torch::tensor({1.0f, 2.0f, 3.0f}).view({1, 3, 1});
  const auto y = causal_convolution(x, torch::tensor({{10.0f, 1.0f}}));
  CHECK(torch::equal(y.flatten(), torch::tensor({1.0f, 12.0f, 23.0f})));
}

TEST_CASE("Selective RoPE refuses heads that it cannot cut or turn", "[position]") {
  const auto refusal = [](const ModelShape& shape) {
    return user_error_text([&] { selective_options().validate(shape); });
  };
  CHECK(refusal({24, 3, 1, 16}).empty());
  CHECK(refusal({9, 3, 1, 16}).find("must be even") != std::string::npos);
  CHECK(refusal({25, 3, 1, 16, 8}).find("does not divide it") != std::string::npos);
}

}  // namespace lengthwise
