#include "position/alibi.h"

#include "model/attention_kernels.h"
#include "position/options.h"
#include "position/registry.h"
#include "position/scheme.h"
#include "tensor_check.h"
#include "test.h"

namespace lengthwise {
namespace {

/// [H, T], as a model with this many heads would be given it.
torch::Tensor bias_by_distance(int64_t heads, int64_t length) {
  const ModelShape shape{.width = heads, .heads = heads, .layers = 1, .train_length = 16};
  const auto scheme = make_alibi(PositionOptions{}, shape);
  const auto positions = scheme->positions(length);
  const auto tables = scheme->tables(positions);
  return std::get<DistanceBias>(
             scheme->attention_bias(
                 {.layer = 0, .positions = positions, .tables = tables, .hidden = {}}))
      .value;
}

void check_slopes(int64_t heads, const std::vector<double>& expected) {
  CAPTURE(heads);
  const auto slopes = alibi_slopes(heads);
  REQUIRE(slopes.size() == expected.size());
  for (size_t head = 0; head < expected.size(); ++head) {
    CAPTURE(head);
    CHECK(slopes[head] == Approx(expected[head]).epsilon(1e-8));
  }
}

}  // namespace

TEST_CASE("ALiBi slopes for 8 heads halve from 1/2", "[position]") {
  CHECK(alibi_slopes(8) ==
        std::vector<double>{0.5, 0.25, 0.125, 0.0625, 0.03125, 0.015625, 0.0078125, 0.00390625});
}

TEST_CASE("ALiBi slopes for other powers of two are geometric down to 2^-8", "[position]") {
  CHECK(alibi_slopes(1) == std::vector<double>{0.00390625});
  CHECK(alibi_slopes(2) == std::vector<double>{0.0625, 0.00390625});
  CHECK(alibi_slopes(4) == std::vector<double>{0.25, 0.0625, 0.015625, 0.00390625});
  check_slopes(16, {0.7071067812, 0.5, 0.3535533906, 0.25, 0.1767766953, 0.125, 0.0883883476,
                    0.0625, 0.0441941738, 0.03125, 0.0220970869, 0.015625, 0.0110485435, 0.0078125,
                    0.0055242717, 0.00390625});
}

TEST_CASE("ALiBi slopes for other head counts append every other slope of the next power of two",
          "[position]") {
  check_slopes(3, {0.0625, 0.00390625, 0.25});
  check_slopes(6, {0.25, 0.0625, 0.015625, 0.00390625, 0.5, 0.125});
  check_slopes(12, {0.5, 0.25, 0.125, 0.0625, 0.03125, 0.015625, 0.0078125, 0.00390625,
                    0.7071067812, 0.3535533906, 0.1767766953, 0.0883883476});
}

TEST_CASE("ALiBi takes slope times distance from the logits, exactly at 65,536 positions",
          "[position]") {
  constexpr int64_t kLength = 65536;
  const auto bias = bias_by_distance(8, kLength);
  REQUIRE(bias.sizes() == torch::IntArrayRef({8, kLength}));
  const auto distances = torch::arange(kLength, torch::kFloat64);
  for (int64_t head = 0; head < 8; ++head) {
    CAPTURE(head);
    // Slopes of 8 heads are powers of two, so every product has an exact float32.
    CHECK(largest_difference(bias[head], distances * -std::exp2(-(head + 1.0))) == 0);
  }
}

TEST_CASE("Under ALiBi the nearest keys of a late query stay apart", "[position]") {
  // Slope 0.7071 is no power of two: the absolute form m j has steps of 0.001 at these positions.
  constexpr int64_t kLength = 16384, kHead = 8;
  constexpr double kSlope = 0.70710678118654752;
  const auto bias = bias_by_distance(12, kLength).slice(0, kHead, kHead + 1);
  torch::manual_seed(1);
  const auto zeros = torch::zeros({1, 1, kLength, 1}), values = torch::randn({1, 1, kLength, 1});
  const auto mixed = causal_attention(zeros, zeros, values, DistanceBias{bias}).flatten();

  const auto weights = torch::exp(torch::arange(kLength, torch::kFloat64) * -kSlope);
  for (int64_t query : {0, 1, 511, 512, 16000, 16383}) {
    CAPTURE(query);
    const auto seen = weights.slice(0, 0, query + 1);
    const auto nearest_first = values.flatten().slice(0, 0, query + 1).flip(0).to(torch::kFloat64);
    CHECK(largest_difference(mixed[query], (seen * nearest_first).sum() / seen.sum()) < 1e-6);
  }
}

}  // namespace lengthwise
