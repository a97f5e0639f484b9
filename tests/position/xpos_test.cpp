#include "position/xpos.h"

#include "position/rotary.h"
#include "rotary_check.h"

namespace lengthwise {
namespace {

/// Score of one query at `query_at` and one key at `key_at` of a window, [K] each.
double score(const torch::Tensor& query, const torch::Tensor& key, int64_t query_at, int64_t key_at,
             int64_t window) {
  const int64_t width = query.size(0);
  const auto pair =
      rotated(options_of("xpos"), one_head(width, 16),
              {query.expand({1, 1, window, width}), key.expand({1, 1, window, width})});
  return (pair.queries[0][0][query_at].to(torch::kFloat64) *
          pair.keys[0][0][key_at].to(torch::kFloat64))
      .sum()
      .item<double>();
}

}  // namespace

TEST_CASE("xPos agrees with the dense relative form of its paper", "[position]") {
  const ModelShape shape{.width = 24, .heads = 2, .layers = 1, .train_length = 16};
  for (const std::string pairing : {"half", "interleaved"}) {
    for (const double scale_base : {512.0, 32.0}) {
      for (const int64_t length : {1, 2, 37, 100}) {
        DYNAMIC_SECTION(pairing << ", scale base " << scale_base << ", " << length << " tokens") {
          auto options = options_of("xpos");
          options.group<XposOptions>().scale_base = scale_base;
          options.group<RotaryOptions>().pairing = pairing;
          ExpectedRotation expected;
          for (int i = 0; i < 6; ++i) {
            expected.frequencies.push_back(std::pow(10000.0, -i / 6.0));
            expected.decay_a_token.push_back(std::pow((i / 6.0 + 0.4) / 1.4, 1 / scale_base));
          }
          check_rotation(options, shape, length, expected);
        }
      }
    }
  }
}

TEST_CASE("xPos fades pairs by ((2i/K + 0.4) / 1.4)^(distance / 512)", "[position]") {
  // K 4: zeta is 2/7 and 9/14. A pair's own length, turned back by its angle, is its decay.
  for (const int64_t distance : {0, 64, 512, 1024}) {
    CAPTURE(distance);
    const double angle = static_cast<double>(distance), power = angle / 512;
    const auto fast = torch::tensor({1.0f, 0.0f, 0.0f, 0.0f}),
               slow = torch::tensor({0.0f, 1.0f, 0.0f, 0.0f});
    CHECK(score(fast, fast, distance, 0, 1100) ==
          Approx(std::cos(angle) * std::pow(2.0 / 7, power)).margin(1e-6));
    CHECK(score(slow, slow, distance, 0, 1100) ==
          Approx(std::cos(angle / 100) * std::pow(9.0 / 14, power)).margin(1e-6));
  }
}

TEST_CASE("xPos scores depend on the distance alone, wherever the window's middle is",
          "[position]") {
  torch::manual_seed(2);
  const auto query = torch::randn({16}), key = torch::randn({16});
  // Six roundings of the product of lengths, as for rotary; each pair's two powers cancel.
  const double tolerance = 6 * 6e-8 * query.norm().item<double>() * key.norm().item<double>();
  for (const int64_t distance : {0, 1, 200}) {
    const double near = score(query, key, distance, 0, 256);
    for (const int64_t window : {600, 1000, 20000, 60000}) {
      for (const int64_t start : {int64_t{0}, window / 3, window - distance - 1}) {
        CAPTURE(distance, window, start);
        CHECK(std::abs(score(query, key, start + distance, start, window) - near) < tolerance);
      }
    }
  }
}

TEST_CASE("xPos centres its powers, so that both ends of a window stay in float32", "[position]") {
  const auto scheme = make_scheme(options_of("xpos"), one_head(4, 16));
  const auto tables = scheme->tables(scheme->positions(60000, 0));
  const auto fade = torch::hypot(tables[0], tables[1]).select(1, 0),
             rise = torch::hypot(tables[2], tables[3]).select(1, 0);
  // (2/7)^(-30000/512) at the first query, its inverse at the first key; 1 in the middle.
  CHECK(std::log10(fade[0].item<double>()) == Approx(31.878).epsilon(1e-4));
  CHECK(std::log10(rise[0].item<double>()) == Approx(-31.878).epsilon(1e-4));
  CHECK(fade[30000].item<double>() == Approx(1).epsilon(1e-6));
  CHECK(rise[30000].item<double>() == Approx(1).epsilon(1e-6));
}

TEST_CASE("xPos reaches as far as float32 carries its powers", "[position]") {
  auto options = options_of("xpos");
  options.group<XposOptions>().scale_base = 16;
  const auto scheme = make_scheme(options, one_head(4, 16));
  CHECK_NOTHROW(scheme->tables(scheme->positions(1999, 0)));
  CHECK(scheme->max_length() == 1999);
}

TEST_CASE("xPos takes a positive gamma and what rotary takes", "[position]") {
  auto options = options_of("xpos");
  CHECK_NOTHROW(options.validate(one_head(4, 16)));
  CHECK_THROWS_AS(options.validate(one_head(5, 16)), UserError);
  options.group<XposOptions>().gamma = 0;
  CHECK_THROWS_AS(options.validate(one_head(4, 16)), UserError);
}

}  // namespace lengthwise
