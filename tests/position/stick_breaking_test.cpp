#include "position/stick_breaking.h"

#include "position/dense_check.h"
#include "test.h"

namespace lengthwise {
namespace {

PositionOptions stick_options(const std::string& remainder) {
  PositionOptions options;
  options.scheme = "stick_breaking";
  options.group<StickBreakingOptions>().remainder = remainder;
  return options;
}

/// Products of what keys leave, as the paper has them, and no sums of logarithms; the softmax of
/// the parts' logarithms is those parts again, for with the rest they sum to one.
torch::Tensor parts_and_rest(const DenseInputs& inputs, bool rest_to_own) {
  const int64_t length = inputs.logits.size(3);
  const auto own = torch::eye(length, torch::kBool);
  const auto before = inputs.visible & ~own;
  const auto taken = torch::sigmoid(inputs.logits);
  const auto left = torch::where(before, 1 - taken, torch::ones_like(taken));
  const auto after = left.flip(3).cumprod(3).flip(3);  // of the key and all after it
  const auto strictly = torch::cat({after.slice(3, 1), torch::ones_like(after.slice(3, 0, 1))}, 3);
  const auto parts = torch::where(before, taken * strictly, torch::ones_like(taken)).log();
  const auto rest = after.slice(3, 0, 1).log();
  const auto alone = parts.masked_fill(~before, -1e9);
  return rest_to_own ? torch::where(own, rest, alone) : with_sink(alone, rest);
}

/// [T] of the last of T queries, all logits 0, by which keys are seen.
torch::Tensor last_weights(const std::string& remainder, const Visibility& visibility = {}) {
  const auto test = drawn_scheme(stick_options(remainder));
  const auto zeros = torch::zeros({1, 3, 6, 6});
  const auto units = torch::eye(6).expand({1, 3, 6, 6});
  const SchemeInputs inputs{zeros, zeros, units, torch::zeros({1, 6, 18})};
  return test.attend(inputs, counted(6), visibility)[0][1][5];
}

void check_weights(const torch::Tensor& found, const std::vector<double>& expected) {
  CHECK(largest_difference(found, torch::tensor(expected, torch::kFloat64)) < 1e-6);
}

}  // namespace

TEST_CASE("Stick-breaking equals the dense float64 form, with all gradients", "[position]") {
  for (const bool own : {false, true}) {
    CAPTURE(own);
    const auto test = drawn_scheme(stick_options(own ? "own" : "zero"));
    check_everywhere(test, [own](const DenseInputs& inputs) { return parts_and_rest(inputs, own); },
                     {.relative = 1e-5});
    check_nothing_leaks(test);
  }
}

TEST_CASE("At even odds each key takes half of what nearer ones have left", "[position]") {
  const double last = 1.0 / 32;
  check_weights(last_weights("zero"), {last, 1.0 / 16, 1.0 / 8, 1.0 / 4, 1.0 / 2, 0});
  check_weights(last_weights("own"), {last, 1.0 / 16, 1.0 / 8, 1.0 / 4, 1.0 / 2, last});
}

TEST_CASE("Keys that a window hides break nothing off the stick", "[position]") {
  check_weights(last_weights("zero", {3, 0}), {0, 0, 0, 1.0 / 4, 1.0 / 2, 0});
  check_weights(last_weights("zero", {3, 1}), {1.0 / 8, 0, 0, 1.0 / 4, 1.0 / 2, 0});
  check_weights(last_weights("own", {3, 0}), {0, 0, 0, 1.0 / 4, 1.0 / 2, 1.0 / 4});
}

TEST_CASE("The first query has nothing to break: it gives zero, or its own value", "[position]") {
  const SchemeInputs inputs = random_inputs(kNarrowShape, 2, 9);
  const auto first = [&](const std::string& remainder) {
    return drawn_scheme(stick_options(remainder)).attend(inputs).select(2, 0);
  };
  CHECK(first("zero").abs().max().item<double>() == 0);
  CHECK(torch::equal(first("own"), inputs.values.select(2, 0)));
}

}  // namespace lengthwise
