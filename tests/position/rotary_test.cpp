#include "position/rotary.h"

#include <algorithm>

#include "base/error.h"
#include "position/options.h"
#include "position/scheme.h"
#include "position/scheme_entry.h"
#include "tensor_check.h"
#include "test.h"

namespace lengthwise {
namespace {

/// x [N, K] turned as queries that stand at these N positions.
torch::Tensor turned(const torch::Tensor& x, const std::vector<double>& at,
                     const std::string& pairing, double base = 10000) {
  PositionOptions options;
  options.group<RotaryOptions>() = {.base = base, .pairing = pairing};
  const int64_t head_width = x.size(-1);
  const auto scheme =
      kRotary.make(options, {.width = head_width, .heads = 1, .layers = 1, .train_length = 16});
  const Positions positions{torch::tensor(at, torch::kFloat64), std::nullopt,
                            std::ranges::max(at) + 1};
  const auto tables = scheme->tables(positions);
  const LayerContext context{.layer = 0, .positions = positions, .tables = tables, .hidden = {}};
  const auto queries = x.view({1, 1, x.size(0), head_width});
  const auto pair = scheme->apply_to_queries_keys({queries, 2 * queries}, context);
  // Keys are turned exactly as queries are.
  CHECK(largest_difference(pair.keys, 2 * pair.queries) == 0);
  return pair.queries.view({x.size(0), head_width});
}

torch::Tensor literal(const std::vector<double>& values) {
  return torch::tensor(values, torch::kFloat64);
}

/// Score of one query and one key at these positions.
double score(const torch::Tensor& query, const torch::Tensor& key, double query_at, double key_at,
             const std::string& pairing) {
  const auto both = turned(torch::stack({query, key}), {query_at, key_at}, pairing);
  return (both[0].to(torch::kFloat64) * both[1].to(torch::kFloat64)).sum().item<double>();
}

}  // namespace

TEST_CASE("Rotary frequencies are powers of the base", "[position]") {
  CHECK(largest_difference(rotary_frequencies(8, 10000), literal({1, 0.1, 0.01, 0.001})) < 1e-15);
  CHECK(largest_difference(rotary_frequencies(4, 2500), literal({1, 0.02})) < 1e-15);
  CHECK(largest_difference(rotary_frequencies(2, 10000), literal({1})) == 0);
}

TEST_CASE("Rotary turns each pair of dimensions by position times frequency", "[position]") {
  // K = 4: frequencies 1 and 1/100. cos 3, sin 3; cos 0.03, sin 0.03.
  constexpr double kCos = -0.9899924966, kSin = 0.1411200081;
  constexpr double kSlowCos = 0.9995500337, kSlowSin = 0.0299955002;
  const auto units = torch::eye(4);
  const std::vector<double> at(4, 3.0);

  const auto half = turned(units, at, "half");
  CHECK(largest_difference(half[0], literal({kCos, 0, kSin, 0})) < 1e-7);
  CHECK(largest_difference(half[1], literal({0, kSlowCos, 0, kSlowSin})) < 1e-7);
  CHECK(largest_difference(half[2], literal({-kSin, 0, kCos, 0})) < 1e-7);
  CHECK(largest_difference(half[3], literal({0, -kSlowSin, 0, kSlowCos})) < 1e-7);

  const auto interleaved = turned(units, at, "interleaved");
  CHECK(largest_difference(interleaved[0], literal({kCos, kSin, 0, 0})) < 1e-7);
  CHECK(largest_difference(interleaved[1], literal({-kSin, kCos, 0, 0})) < 1e-7);
  CHECK(largest_difference(interleaved[2], literal({0, 0, kSlowCos, kSlowSin})) < 1e-7);
  CHECK(largest_difference(interleaved[3], literal({0, 0, -kSlowSin, kSlowCos})) < 1e-7);
}

TEST_CASE("Rotary scores depend on the distance alone, up to a million positions", "[position]") {
  for (const std::string pairing : {"half", "interleaved"}) {
    DYNAMIC_SECTION(pairing) {
      torch::manual_seed(2);
      const auto query = torch::randn({16}), key = torch::randn({16});
      // A turned vector is off by at most about 3 roundings (sine or cosine, product, sum) of its
      // own length, so a score by twice that: 6 x 6e-8 |q| |k|. Angles in float32 would be off by
      // 0.03 at a million.
      const double tolerance = 6 * 6e-8 * query.norm().item<double>() * key.norm().item<double>();
      for (double distance : {0.0, 1.0, 63.0, 4096.0}) {
        const double near = score(query, key, distance, 0, pairing);
        for (double start : {1.0, 1000.0, 65535.0, 1e6}) {
          CAPTURE(distance, start);
          CHECK(std::abs(score(query, key, start + distance, start, pairing) - near) < tolerance);
        }
      }
      CHECK(std::abs(score(query, key, 5, 0, pairing) - score(query, key, 0, 5, pairing)) > 0.1);
    }
  }
}

TEST_CASE("The two rotary pairings are equal but for the order of the dimensions", "[position]") {
  torch::manual_seed(3);
  const auto x = torch::randn({5, 8});
  const auto order = torch::tensor({0, 2, 4, 6, 1, 3, 5, 7});
  const std::vector<double> at = {0, 1, 2, 700, 1e6};
  CHECK(largest_difference(turned(x.index_select(1, order), at, "half"),
                           turned(x, at, "interleaved").index_select(1, order)) == 0);
  CHECK(largest_difference(turned(x, at, "half"), turned(x, at, "interleaved")) > 0.1);
}

TEST_CASE("Rotary leaves position 0 as it is and keeps lengths everywhere", "[position]") {
  for (const std::string pairing : {"half", "interleaved"}) {
    DYNAMIC_SECTION(pairing) {
      torch::manual_seed(4);
      const auto x = torch::randn({4, 16});
      const auto result = turned(x, {0, 1, 5000, 1e6}, pairing);
      CHECK(largest_difference(result[0], x[0]) == 0);
      CHECK(largest_difference(result.norm(2, 1), x.norm(2, 1)) < 1e-6 * 4);
      CHECK(largest_difference(result[1], x[1]) > 0.1);
    }
  }
}

TEST_CASE("Rotary refuses an odd head width", "[position]") {
  const ModelShape odd{.width = 21, .heads = 3, .layers = 1, .train_length = 16};
  CHECK_THROWS_AS(kRotary.validate(PositionOptions{}, odd), UserError);
  const ModelShape even{.width = 18, .heads = 3, .layers = 1, .train_length = 16};
  CHECK_NOTHROW(kRotary.validate(PositionOptions{}, even));
}

}  // namespace lengthwise
