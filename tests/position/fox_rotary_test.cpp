#include "position/fox_rotary.h"

#include "position/dense_check.h"
#include "position/forget_check.h"
#include "position/rotary_check.h"
#include "test.h"

namespace lengthwise {
namespace {

PositionOptions fox_rotary_options(const std::string& pairing) {
  PositionOptions options;
  options.scheme = "fox_rotary";
  options.group<RotaryOptions>() = {.base = 100, .pairing = pairing};
  return options;
}

}  // namespace

TEST_CASE("FoX with rotary is the sum of their dense forms, with all gradients", "[position]") {
  for (const std::string pairing : {"half", "interleaved"}) {
    CAPTURE(pairing);
    const auto turned = rotary_logits(pairing, {.frequencies = {1, 0.1}});
    const auto test = drawn_scheme(fox_rotary_options(pairing));
    check_everywhere(test,
                     [&](const DenseInputs& inputs) { return turned(inputs) + forgotten(inputs); },
                     {.relative = 2e-5, .size = 1e-3});
    check_nothing_leaks(test);
  }
}

TEST_CASE("FoX with rotary reads rotary's options and learns FoX's gates", "[position]") {
  const auto parameters = scheme_named("fox_rotary")->named_parameters();
  CHECK(parameters.size() == 4);
  for (const std::string layer : {"layers.0.", "layers.1."}) {
    CHECK(parameters[layer + "weight"].sizes() == torch::IntArrayRef({3, 24}));
    CHECK(parameters[layer + "bias"].eq(0).all().item<bool>());
  }
  const SchemeInputs inputs = random_inputs(kNarrowShape, 1, 20);
  const auto with_base = [&](double base) {
    auto options = fox_rotary_options("half");
    options.group<RotaryOptions>().base = base;
    return drawn_scheme(options).attend(inputs);
  };
  CHECK(largest_difference(with_base(100), with_base(10000)) > 1e-3);
}

}  // namespace lengthwise
