#include "position/rotary_masks.h"

#include <numbers>

#include "rotary_check.h"

namespace lengthwise {

TEST_CASE("p-RoPE turns the fastest pairs as rotary does and leaves the others", "[position]") {
  auto options = options_of("rotary_p");
  options.group<RotaryPOptions>().kept = 0.25;
  // K 128: the first 16 of 64 pairs, by exponents of all 128 dimensions.
  check_frequencies(measured(options, one_head(128, 64), 2), {{0, 1},
                                                              {8, std::pow(10000, -16.0 / 128)},
                                                              {15, std::pow(10000, -30.0 / 128)},
                                                              {16, 0},
                                                              {63, 0}});
  options.group<RotaryPOptions>().kept = 0.5;
  check_rotation(options, one_head(8, 16), 40, {{1, 0.1, 0, 0}});
}

TEST_CASE("Clipped rotary fades its slowest pairs by half a cosine, the last to a stop",
          "[position]") {
  auto options = options_of("rotary_clipped");
  const auto rotary = [](double pair) { return std::pow(10000, -2 * pair / 128); };
  const auto part = [](double n) { return (1 + std::cos(std::numbers::pi * n / 19)) / 2; };
  // 20 of 64 pairs: 44 ... 63.
  check_frequencies(
      measured(options, one_head(128, 64), 2),
      {{0, 1}, {43, rotary(43)}, {44, rotary(44)}, {50, rotary(50) * part(6)}, {63, 0}});
  options.group<RotaryClippedOptions>().hard = true;
  check_frequencies(measured(options, one_head(128, 64), 2), {{43, rotary(43)}, {44, 0}, {63, 0}});
  options.group<RotaryClippedOptions>() = {.fraction = 0.5, .hard = false};
  check_rotation(options, one_head(8, 16), 40, {{1, 0.1, 0.01, 0}});
}

TEST_CASE("Resonance rotary repeats after whole tokens", "[position]") {
  // Wavelengths 2 pi, 20 pi, 200 pi and 2000 pi: 6, 63, 628 and 6283 tokens.
  constexpr double kTurn = 2 * std::numbers::pi;
  check_frequencies(measured(options_of("rotary_resonance"), one_head(8, 16), 2),
                    {{0, kTurn / 6}, {1, kTurn / 63}, {2, kTurn / 628}, {3, kTurn / 6283}});
  check_rotation(options_of("rotary_resonance"), one_head(4, 16), 40, {{kTurn / 6, kTurn / 628}});
}

}  // namespace lengthwise
