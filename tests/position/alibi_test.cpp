#include "position/alibi.h"

#include "position/dense_check.h"

namespace lengthwise {
namespace {

/// [H, T], as a model with this many heads would be given it.
torch::Tensor bias_by_distance(int64_t heads, int64_t length) {
  const ModelShape shape{.width = heads, .heads = heads, .layers = 1, .train_length = 16};
  const auto scheme = kAlibi.make(PositionOptions{}, shape);
  const auto positions = scheme->positions(length, 0);
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
    CHECK(slopes[head] == Approx(expected[head]).epsilon(0).margin(6e-11));
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

TEST_CASE("Learned ALiBi slopes begin at the paper's, in every layer, and stay positive",
          "[position]") {
  const auto scheme = scheme_named("alibi_learned");
  auto parameters = scheme->named_parameters();
  REQUIRE(parameters.size() == 2);
  for (const std::string name : {"layers.0.log_slopes", "layers.1.log_slopes"}) {
    CHECK(largest_difference(parameters[name].exp(), torch::tensor({0.0625, 0.00390625, 0.25})) <
          1e-7);
  }
  const torch::NoGradGuard no_grad;
  parameters["layers.1.log_slopes"].copy_(torch::tensor({-30.0, 0.0, 3.0}));
  const auto bias = std::get<DistanceBias>(bias_of(*scheme, counted(9))).value;
  CHECK((bias.slice(1, 1) < 0).all().item<bool>());
  CHECK(bias[1][8].item<double>() == -8);
}

TEST_CASE("ALiBi with learned slopes equals its dense form, with their gradients", "[position]") {
  const auto scheme = scheme_named("alibi_learned");
  const DenseBias dense = [](const torch::Tensor& positions, const Parameters& parameters) {
    return -parameters.at("layers.1.log_slopes").exp().view({3, 1, 1}) * pair_distances(positions);
  };
  check_everywhere(scheme, added(dense));
  check_finite_differences(scheme, added(dense));
  check_nothing_leaks(scheme);
}

TEST_CASE("Scaled ALiBi shrinks its slopes by train_length / window, beyond train_length alone",
          "[position]") {
  // Trained at 16.
  const auto scaled = scheme_named("alibi_scaled"), plain = scheme_named("alibi");
  const auto at = [](const PositionScheme& scheme, int64_t length) {
    return std::get<DistanceBias>(bias_of(scheme, counted(length))).value;
  };
  for (int64_t length : {64, 1, 16, 17, 15, 64}) {  // a longer window before changes nothing
    CAPTURE(length);
    const double factor = length > 16 ? 16.0 / static_cast<double>(length) : 1;
    CHECK(largest_difference(at(*scaled, length), at(*plain, length) * factor) < 2e-7 * 16);
  }
  CHECK(at(*scaled, 64)[2][63].item<double>() == -0.25 * 63 / 4);
  check_everywhere(
      scaled, added([](const torch::Tensor& positions, const Parameters&) {
        const double factor = std::min(1.0, 16.0 / static_cast<double>(positions.size(0)));
        return torch::tensor({0.0625, 0.00390625, 0.25}, torch::kFloat64).view({3, 1, 1}) *
               -factor * pair_distances(positions);
      }));
  check_nothing_leaks(scaled);
}

}  // namespace lengthwise
