#include "position/cable.h"

#include "position/dense_check.h"
#include "test.h"

namespace lengthwise {
namespace {

PositionOptions cable_options() {
  PositionOptions options;
  options.scheme = "cable";
  return options;
}

/// The paper's form over all pairs: the sum of what lies between, by a mask and not a running sum.
torch::Tensor dense_logits(const DenseInputs& inputs) {
  const auto places = torch::arange(inputs.positions.size(0));
  const auto pushes =
      torch::log1p(torch::exp(torch::linear(inputs.hidden, inputs.parameters.at("layers.1.weight"),
                                            inputs.parameters.at("layers.1.bias"))))
          .transpose(1, 2);
  const auto between = (places > places.view({-1, 1}))  // [j, k]: j < k
                           .unsqueeze(0)
                           .logical_and(places <= places.view({-1, 1, 1}));  // [i, j, k]: k <= i
  return inputs.logits - torch::einsum("bhk,ijk->bhij", {pushes, between.to(torch::kFloat64)});
}

/// [1, H, T] at each key, for an input of zeros and a bias c.
torch::Tensor values_at(double c, int64_t length) {
  const auto test = drawn_scheme(cable_options());
  const torch::NoGradGuard no_grad;
  for (torch::Tensor& parameter : test.parameters()) {
    if (parameter.dim() == 1) parameter.fill_(c);
  }
  return std::get<KeyBias>(test.bias(torch::zeros({1, length, 12}))).value;
}

}  // namespace

TEST_CASE("CABLE equals the dense float64 form, with all gradients", "[position]") {
  // Sums of about 100 pushes of size 1 are rounded to float32 relative to a block's own origin:
  // 100 * 2^-24 = 6e-6 of a logit. What rounding leaves of a row's slopes, which sum to zero, is
  // added up along the keys in backward.
  check_everywhere(drawn_scheme(cable_options()), dense_logits, {.relative = 2e-5, .size = 1e-3});
}

TEST_CASE("CABLE pushes a key away by the sum of softplus over what follows it", "[position]") {
  const auto values = values_at(0, 5);  // softplus(0) = ln 2
  REQUIRE(values.sizes() == torch::IntArrayRef({1, 3, 5}));
  for (int64_t i = 0; i < 5; ++i) {
    for (int64_t j = 0; j <= i; ++j) {
      const double bias = (values[0][2][j] - values[0][2][i]).item<double>();
      CHECK(bias == Approx(-0.6931471806 * static_cast<double>(i - j)).margin(1e-6));
    }
  }
}

TEST_CASE("CABLE's running sums are float64 and keep a late key's own push", "[position]") {
  // The trap: in float32 a sum of 16384 pushes of ln 2 has steps of 1e-3.
  const auto values = values_at(0, 16384);
  CHECK(values.scalar_type() == torch::kFloat64);
  const auto steps = values[0][0].diff();
  CHECK(largest_difference(steps, torch::full({16383}, 0.6931471806)) < 1e-7);
}

TEST_CASE("CABLE keeps the nearest keys of a late query apart", "[position]") {
  const int64_t length = 4096;
  const auto test = drawn_scheme(cable_options());
  const torch::NoGradGuard no_grad;
  for (torch::Tensor& parameter : test.parameters()) {
    if (parameter.dim() == 1) parameter.zero_();
  }
  torch::manual_seed(1);
  const auto zeros = torch::zeros({1, 3, length, 4}), values = torch::randn({1, 3, length, 4});
  const auto mixed = test.attend({zeros, zeros, values, torch::zeros({1, length, 12})});
  // Weights of 1/2, 1/4 ... from the query back.
  const auto weights = torch::exp2(-torch::arange(1, 41, torch::kFloat64));
  for (int64_t query : {1000, 2047, 2048, 4095}) {
    CAPTURE(query);
    const auto near = values.slice(2, query - 39, query + 1).flip(2).to(torch::kFloat64);
    CHECK(largest_difference(mixed.select(2, query), (near * weights.view({1, 1, -1, 1})).sum(2)) <
          1e-5);
  }
}

TEST_CASE("CABLE leaks nothing from later tokens", "[position]") {
  check_nothing_leaks(drawn_scheme(cable_options()));
}

TEST_CASE("CABLE depends on the tokens between, not on their number", "[position]") {
  // Attention to a key is the same over 3 tokens that push by 2 as over 6 that push by 1.
  const auto test = drawn_scheme(cable_options());
  const torch::NoGradGuard no_grad;
  for (torch::Tensor& parameter : test.parameters()) parameter.zero_();
  for (torch::Tensor& parameter : test.parameters()) {
    if (parameter.dim() == 2) parameter.select(1, 0).fill_(1);  // push = softplus(x_0)
  }
  const auto distance = [&](double push, int64_t tokens) {
    auto hidden = torch::zeros({1, tokens + 1, 12});
    hidden.select(2, 0).fill_(std::log(std::expm1(push)));
    const auto values = std::get<KeyBias>(test.bias(hidden)).value[0][1];
    return (values[tokens] - values[0]).item<double>();
  };
  CHECK(distance(2, 3) == Approx(6).epsilon(1e-6));
  CHECK(distance(1, 6) == Approx(6).epsilon(1e-6));
}

TEST_CASE("CABLE begins as one slope for all heads, with weights of its own in each layer",
          "[position]") {
  const auto test = drawn_scheme(cable_options());
  test->reset_parameters();
  const auto parameters = test->named_parameters();
  CHECK(parameters.size() == 4);
  for (const std::string layer : {"layers.0.", "layers.1."}) {
    REQUIRE(parameters[layer + "weight"].sizes() == torch::IntArrayRef({3, 12}));
    CHECK(parameters[layer + "weight"].std().item<double>() == Approx(0.02).epsilon(0.5));
    REQUIRE(parameters[layer + "bias"].sizes() == torch::IntArrayRef({3}));
    CHECK(parameters[layer + "bias"].eq(0).all().item<bool>());
  }
}

}  // namespace lengthwise
