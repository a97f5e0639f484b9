#include "position/wall.h"

#include "position/dense_check.h"
#include "position/forget_check.h"
#include "test.h"

namespace lengthwise {
namespace {

PositionOptions wall_options() {
  PositionOptions options;
  options.scheme = "wall";
  return options;
}

/// The product of the gates of each channel over the tokens between, K = 4.
torch::Tensor dense_logits(const DenseInputs& inputs) {
  const auto gates =
      torch::sigmoid(torch::linear(inputs.hidden, inputs.parameters.at("layers.1.weight"),
                                   inputs.parameters.at("layers.1.bias")))
          .unflatten(2, {3, 4});  // [B, T, H, K]
  const auto kept =
      torch::einsum("blhk,ijl->bhijk", {gates.log(), places_between(inputs.positions.size(0))})
          .exp();
  return torch::einsum("bhik,bhjk,bhijk->bhij", {inputs.queries, inputs.keys, kept}) / 2;
}

/// All gates of the layer alike.
SchemeUnderTest with_gate(double bias) {
  const auto test = drawn_scheme(wall_options());
  const torch::NoGradGuard no_grad;
  for (torch::Tensor& parameter : test.parameters())
    parameter.fill_(parameter.dim() == 1 ? bias : 0);
  return test;
}

}  // namespace

TEST_CASE("Wall attention equals the dense float64 form, with all gradients", "[position]") {
  const auto test = drawn_scheme(wall_options());
  check_everywhere(test, dense_logits, {.relative = 1e-5});
  check_finite_differences(test, dense_logits);
  check_nothing_leaks(test);
}

TEST_CASE(
    "A logit of Wall attention is halved with every token that follows the key, at even gates",
    "[position]") {
  const auto test = with_gate(0);
  const auto positions = counted(40);
  const auto tables = test->tables(positions);
  const auto inputs = attention_inputs(
      *test, {torch::ones({1, 3, 40, 4}), torch::ones({1, 3, 40, 4})},
      {.layer = 1, .positions = positions, .tables = tables, .hidden = torch::ones({1, 40, 12})});
  const auto& product = *inputs.parts.product;
  const auto rows =
      product.block(inputs.queries, make_block(0, 40, {}), product.inputs).flip(2)[0][2];
  for (const int64_t i : {0, 1, 15, 16, 39}) {
    for (int64_t j = 0; j <= i; ++j) {
      CHECK(rows[i][j].item<double>() == Approx(4 * std::exp2(-static_cast<double>(i - j))));
    }
  }
}

TEST_CASE("Wall attention holds sums of gates that no exponential does", "[position]") {
  // ln sigmoid(-10) = -10: exp(20,000) is in no float, and only a query's own key is left.
  const auto test = with_gate(-10);
  const SchemeInputs inputs = random_inputs(kNarrowShape, 1, 2000);
  const auto mixed = test.attend(inputs);
  CHECK(mixed.isfinite().all().item<bool>());
  const auto own = (inputs.queries * inputs.keys).sum(3) / 2;  // the others' logits are 0
  const auto others = inputs.values.slice(2, 0, 1999).sum(2);
  const auto weight = own.select(2, 1999).exp().unsqueeze(2);
  const auto expected = (others + weight * inputs.values.select(2, 1999)) / (1999 + weight);
  CHECK(largest_difference(mixed.select(2, 1999), expected) < 1e-3);
}

TEST_CASE("Wall attention begins near plain attention", "[position]") {
  const auto test = scheme_named("wall");
  const SchemeInputs inputs = random_inputs(kSmallShape, 1, 30);
  const auto plain = scheme_named("none").attend(inputs);
  const double difference = largest_difference(test.attend(inputs), plain);
  CHECK(difference < 0.05);
  CHECK(difference > 1e-5);
}

}  // namespace lengthwise
