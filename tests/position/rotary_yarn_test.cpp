#include "position/rotary_scaling.h"
#include "rotary_check.h"

namespace lengthwise {
namespace {

const std::vector<std::pair<int64_t, double>> kLlama2 = {
    {0, 1}, {20, 0.05623413252}, {46, 8.334508951e-05}, {63, 7.217387404e-06}};

/// Llama 2 as YaRN extends it from 4096 to 64k: K 128, s 16.
PositionOptions yarn_for_llama2(const std::string& ramp) {
  auto options = options_of("rotary_yarn");
  options.group<RotaryYarnOptions>().factor = 16;
  options.group<RotaryYarnOptions>().ramp = ramp;
  return options;
}

}  // namespace

TEST_CASE("YaRN keeps fast pairs whole, divides slow ones by s, and no other way round",
          "[position]") {
  const auto shape = one_head(128, 4096);
  for (const std::string ramp : {"rotations", "dimensions", "dimensions_truncated"}) {
    CAPTURE(ramp);
    for (const int64_t length : {2, 4096, 20000})
      check_frequencies(measured(yarn_for_llama2(ramp), shape, length), kLlama2);
  }
}

TEST_CASE(
    "YaRN's ramp between is linear in rotations, in dimensions, or from floor to ceil of them",
    "[position]") {
  // Pairs turn 32 times and once within 4096 tokens at i = 20.94 and 45.03.
  const auto shape = one_head(128, 4096);
  check_frequencies(measured(yarn_for_llama2("rotations"), shape, 2),
                    {{21, 0.04832172922}, {33, 0.001757735529}, {45, 9.642591546e-05}});
  check_frequencies(measured(yarn_for_llama2("dimensions"), shape, 2),
                    {{21, 0.04859150586}, {33, 0.004595608542}, {45, 9.785687467e-05}});
  check_frequencies(measured(yarn_for_llama2("dimensions_truncated"), shape, 2),
                    {{21, 0.04694086}, {33, 0.004600435468}, {45, 0.0001517716047}});
}

TEST_CASE("YaRN's truncated ramp ends at the last dimension, not at the last pair", "[position]") {
  // K 8, L 65,536: from floor(2.51) = 2 to ceil(4.02) = 5, so pair 3 keeps 2/3 + 1/3 of 1/4.
  auto options = yarn_for_llama2("dimensions_truncated");
  options.group<RotaryYarnOptions>().factor = 4;
  check_frequencies(measured(options, one_head(8, 65536), 2),
                    {{0, 1}, {1, 0.1}, {2, 0.01}, {3, 0.00075}});
}

TEST_CASE("YaRN counts rotations within the original length, not the extended one", "[position]") {
  auto options = yarn_for_llama2("dimensions_truncated");
  options.group<RotaryYarnOptions>().original_length = 4096;
  check_frequencies(measured(options, one_head(128, 65536), 2), kLlama2);
  options.group<RotaryYarnOptions>().original_length = 0;
  CHECK(measured(options, one_head(128, 65536), 2).frequencies[46].item<double>() >
        1.05 * 8.334508951e-05);
}

TEST_CASE("YaRN multiplies q and k by 0.1 ln s + 1, or by what is given", "[position]") {
  const auto shape = one_head(128, 4096);
  auto options = yarn_for_llama2("rotations");
  CHECK(measured(options, shape, 2).factor == Approx(1.277258872).epsilon(1e-6));
  const auto ones = torch::ones({1, 1, 1, 128});
  const auto pair = rotated(options, shape, {ones, ones});
  CHECK((pair.queries * pair.keys).sum().item<double>() / 128 == Approx(1.631390227).epsilon(1e-6));
  options.group<RotaryYarnOptions>().attention_factor = 1.5;
  CHECK(measured(options, shape, 2).factor == Approx(1.5).epsilon(1e-6));
  options.group<RotaryYarnOptions>().attention_factor = 0;
  options.group<RotaryYarnOptions>().factor = 1;
  CHECK(measured(options, shape, 2).factor == Approx(1).epsilon(1e-6));
}

}  // namespace lengthwise
