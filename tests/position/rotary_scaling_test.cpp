#include "position/rotary_scaling.h"

#include <numbers>

#include "base/files.h"
#include "position/rotary.h"
#include "rotary_check.h"
#include "temporary_folder.h"

namespace lengthwise {
namespace {

/// theta_i = base^(-2i/R).
std::vector<double> plain(int64_t width, double base) {
  std::vector<double> frequencies;
  for (int64_t i = 0; i < width / 2; ++i) {
    frequencies.push_back(
        std::pow(base, -2.0 * static_cast<double>(i) / static_cast<double>(width)));
  }
  return frequencies;
}

/// A pair that turns `slow` times or less within the length is divided by s, one that turns `fast`
/// times or more is kept.
std::vector<double> by_parts(std::vector<double> frequencies, double length, double s, double slow,
                             double fast) {
  for (double& frequency : frequencies) {
    const double turns = length / (2 * std::numbers::pi / frequency);
    const double kept = turns < slow ? 0 : turns > fast ? 1 : (turns - slow) / (fast - slow);
    frequency = (1 - kept) * frequency / s + kept * frequency;
  }
  return frequencies;
}

std::vector<double> divided(std::vector<double> frequencies, const std::vector<double>& by) {
  for (size_t i = 0; i < frequencies.size(); ++i) frequencies[i] /= by[i];
  return frequencies;
}

}  // namespace

TEST_CASE("A rotary fraction turns the first dimensions alone, by frequencies of their own number",
          "[position]") {
  auto options = options_of("rotary");
  options.group<RotaryOptions>().fraction = 0.5;
  // R = 4 of 8: frequencies 1 and 1/100; at position 3.
  constexpr double kCos = -0.9899924966, kSin = 0.1411200081;
  constexpr double kSlowCos = 0.9995500337, kSlowSin = 0.0299955002;
  const auto x = torch::eye(8).view({1, 8, 1, 8}).expand({1, 8, 4, 8});
  const ModelShape shape{.width = 64, .heads = 8, .layers = 1, .train_length = 4};
  auto expected = torch::eye(8, torch::kFloat64);

  options.group<RotaryOptions>().pairing = "half";
  expected.slice(0, 0, 4).slice(1, 0, 4).copy_(
      torch::tensor({kCos, 0.0, kSin, 0.0, 0.0, kSlowCos, 0.0, kSlowSin, -kSin, 0.0, kCos, 0.0, 0.0,
                     -kSlowSin, 0.0, kSlowCos})
          .view({4, 4}));
  CHECK(largest_difference(rotated(options, shape, {x, x}).keys[0].select(1, 3), expected) < 1e-7);

  options.group<RotaryOptions>().pairing = "interleaved";
  expected.slice(0, 0, 4).slice(1, 0, 4).copy_(
      torch::tensor({kCos, kSin, 0.0, 0.0, -kSin, kCos, 0.0, 0.0, 0.0, 0.0, kSlowCos, kSlowSin, 0.0,
                     0.0, -kSlowSin, kSlowCos})
          .view({4, 4}));
  CHECK(largest_difference(rotated(options, shape, {x, x}).keys[0].select(1, 3), expected) < 1e-7);
}

TEST_CASE("A rotary fraction must leave an even number of dimensions", "[position]") {
  auto options = options_of("rotary");
  for (const double fraction : {0.25, 0.5, 0.75, 1.0}) {
    options.group<RotaryOptions>().fraction = fraction;
    CHECK(refusal(options, one_head(16, 8)).empty());
  }
  for (const double fraction : {0.0, 0.05, 0.3, 0.3125, 0.99}) {
    CAPTURE(fraction);
    options.group<RotaryOptions>().fraction = fraction;
    CHECK(refusal(options, one_head(16, 8)).find("position.rotary.fraction: ") == 0);
  }
  options.group<RotaryOptions>().fraction = 0.3125;  // 5 dimensions
  CHECK(refusal(options, one_head(16, 8)).find("as with 0.375") != std::string::npos);
}

TEST_CASE("Rotary scalings agree with the dense form of their papers", "[position]") {
  const TemporaryFolder folder;
  write_file(folder / "factors", "short_factor 1 1.1 1.2 1.5\nlong_factor 1 2 3.5 8\n");
  const ModelShape shape{.width = 24, .heads = 2, .layers = 1, .train_length = 20};
  for (const std::string pairing : {"half", "interleaved"}) {
    for (const int64_t length : {1, 2, 37, 100}) {
      DYNAMIC_SECTION(pairing << " at " << length << " tokens") {
        // R = 8 of K = 12, base 100: the slowest pair turns once in 199 tokens.
        const auto theta = plain(8, 100);
        const double growth = std::max(1.0, static_cast<double>(length) / 20);
        const auto check = [&](PositionOptions options, const ExpectedRotation& expected) {
          CAPTURE(options.scheme);
          options.group<RotaryOptions>() = {.base = 100, .pairing = pairing, .fraction = 2.0 / 3};
          check_rotation(options, shape, length, expected);
        };
        check(options_of("rotary"), {.frequencies = theta});
        check(options_of("rotary_interpolated"), {.frequencies = divided(theta, {8, 8, 8, 8})});
        check(options_of("rotary_ntk"), {.frequencies = plain(8, 100 * std::pow(8, 8.0 / 6))});
        check(options_of("rotary_dynamic_ntk"),
              {.frequencies = plain(8, 100 * std::pow(growth, 8.0 / 6))});
        auto yarn = options_of("rotary_yarn");
        yarn.group<RotaryYarnOptions>().beta_fast = 2;
        yarn.group<RotaryYarnOptions>().beta_slow = 0.25;
        check(yarn,
              {.frequencies = by_parts(theta, 20, 8, 0.25, 2), .factor = 0.1 * std::log(8) + 1});
        auto longrope = options_of("rotary_longrope");
        longrope.group<RotaryLongropeOptions>().factors = (folder / "factors").string();
        check(longrope,
              {.frequencies = divided(theta, length > 20 ? std::vector<double>{1, 2, 3.5, 8}
                                                         : std::vector<double>{1, 1.1, 1.2, 1.5}),
               .factor = std::sqrt(1 + std::log(8) / std::log(20))});
        check(options_of("rotary_llama3"), {.frequencies = by_parts(theta, 20, 8, 1, 4)});
      }
    }
  }
}

TEST_CASE("Position interpolation stands at s p where rotary stands at p", "[position]") {
  auto options = options_of("rotary_interpolated");
  options.group<RotaryInterpolatedOptions>().factor = 4;
  const auto shape = one_head(8, 16);
  const auto stretched = make_scheme(options, shape),
             plain_rotary = make_scheme(options_of("rotary"), shape);
  const auto there = stretched->tables(stretched->positions(61, 0));
  const auto here = plain_rotary->tables(plain_rotary->positions(16, 0));
  const auto every_fourth = torch::arange(0, 61, 4);
  CHECK(largest_difference(there[0].index_select(0, every_fourth), here[0]) == 0);
  CHECK(largest_difference(there[1].index_select(0, every_fourth), here[1]) == 0);
}

TEST_CASE("NTK-aware keeps the fastest pair and divides the slowest by s", "[position]") {
  // K 8, s 8: the base grows by 8^(8/6) = 16, so each next pair by another 16^(1/4) = 2.
  check_frequencies(measured(options_of("rotary_ntk"), one_head(8, 16), 16),
                    {{0, 1}, {1, 0.05}, {2, 0.0025}, {3, 0.000125}});
}

TEST_CASE("Dynamic NTK is plain rotary up to the original length and NTK by T/L beyond",
          "[position]") {
  auto options = options_of("rotary_dynamic_ntk");
  const auto shape = one_head(4, 16);
  for (const int64_t length : {2, 15, 16})
    check_frequencies(measured(options, shape, length), {{0, 1}, {1, 0.01}});
  check_frequencies(measured(options, shape, 32), {{0, 1}, {1, 0.005}});
  check_frequencies(measured(options, shape, 160), {{0, 1}, {1, 0.001}});
  options.group<RotaryDynamicNtkOptions>().original_length = 32;
  check_frequencies(measured(options, shape, 160), {{0, 1}, {1, 0.002}});
  // s T/L - (s - 1) at s = 3 and T = 5 L.
  options.group<RotaryDynamicNtkOptions>().factor = 3;
  check_frequencies(measured(options, shape, 160), {{0, 1}, {1, 0.01 / 13}});
  check_frequencies(measured(options, shape, 32), {{0, 1}, {1, 0.01}});
}

TEST_CASE("Length-dependent rotary forgets the lengths before", "[position]") {
  const TemporaryFolder folder;
  write_file(folder / "factors", "short_factor 1 1.1\nlong_factor 1 2\n");
  auto options = options_of(GENERATE("rotary_dynamic_ntk", "rotary_longrope"));
  options.group<RotaryLongropeOptions>().factors = (folder / "factors").string();
  const auto shape = one_head(4, 16);
  const auto scheme = make_scheme(options, shape);
  for (const int64_t length : {100, 8, 16, 17, 400, 3, 100}) {
    CAPTURE(length);
    const auto fresh = make_scheme(options, shape);
    const auto found = scheme->tables(scheme->positions(length, 0)),
               expected = fresh->tables(fresh->positions(length, 0));
    CHECK(torch::equal(found[0], expected[0]));
    CHECK(torch::equal(found[1], expected[1]));
  }
}

TEST_CASE("LongRoPE takes short factors up to the original length and long ones beyond",
          "[position]") {
  const TemporaryFolder folder;
  write_file(folder / "factors", "short_factor 1 1.25\nlong_factor 2 40\n");
  auto options = options_of("rotary_longrope");
  options.group<RotaryLongropeOptions>().factors = (folder / "factors").string();
  options.group<RotaryLongropeOptions>().factor = 32;
  const auto shape = one_head(4, 4096);
  for (const int64_t length : {2, 4096})
    check_frequencies(measured(options, shape, length), {{0, 1}, {1, 0.008}});
  for (const int64_t length : {4097, 9000}) {
    const auto found = measured(options, shape, length);
    check_frequencies(found, {{0, 0.5}, {1, 0.00025}});
    CHECK(found.factor == Approx(1.190238071).epsilon(1e-6));  // sqrt(1 + 5/12), as Phi-3 at 128k
  }
}

TEST_CASE("Llama 3.1's frequencies are its own", "[position]") {
  auto options = options_of("rotary_llama3");
  options.group<RotaryOptions>().base = 500000;
  check_frequencies(measured(options, one_head(128, 8192), 2), {{0, 1},
                                                                {28, 0.003211445995},
                                                                {29, 0.002166570764},
                                                                {31, 0.0008567514129},
                                                                {34, 0.0001785078128},
                                                                {35, 9.556212354e-05},
                                                                {63, 3.068925989e-07}});
}

TEST_CASE("Rotary scalings that cannot be are refused by name", "[position]") {
  const auto shape = one_head(2, 16);
  CHECK(refusal(options_of("rotary_ntk"), shape).find("rotary_ntk") != std::string::npos);
  CHECK(refusal(options_of("rotary_dynamic_ntk"), shape).find("model.heads: ") == 0);
  CHECK(refusal(options_of("rotary_interpolated"), shape).empty());
  CHECK(refusal(options_of("rotary_interpolated"), one_head(3, 16)).find("model.heads: ") == 0);
  auto options = options_of("rotary_yarn");
  options.group<RotaryYarnOptions>().beta_fast = 1;
  CHECK(refusal(options, shape) ==
        "position.rotary_yarn.beta_fast: 1 is not above position.rotary_yarn.beta_slow 1");
  options = options_of("rotary_yarn");
  options.group<RotaryYarnOptions>().ramp = "dimensions";
  options.group<RotaryOptions>().base = 1;
  CHECK(refusal(options, shape).find("position.rotary.base: 1 ") == 0);
  options = options_of("rotary_llama3");
  options.group<RotaryLlama3Options>().low_frequency_factor = 5;
  CHECK(refusal(options, shape).find("position.rotary_llama3.high_frequency_factor: 4 ") == 0);
  CHECK(refusal(options_of("rotary_longrope"), shape).find("position.rotary_longrope.factors: ") ==
        0);
}

}  // namespace lengthwise
