#include "position/cope.h"

#include "base/error.h"
#include "base/options.h"
#include "position/dense_check.h"
#include "test.h"

namespace lengthwise {
namespace {

PositionOptions cope_options(int64_t max_positions) {
  PositionOptions options;
  options.scheme = "cope";
  options.group<CopeOptions>().max_positions = max_positions;
  return options;
}

/// The paper's form over all pairs: a position is a product with a triangle of ones, and a vector
/// between two others is a sum over all of them, weighted by hats of width 2.
torch::Tensor dense_logits(const DenseInputs& inputs) {
  const auto& vectors = inputs.parameters.at("layers.1.vectors");  // [P, K]
  const int64_t length = inputs.logits.size(3), count = vectors.size(0);
  const auto gates = torch::sigmoid(inputs.logits) * inputs.visible;
  const auto from_key_on = torch::ones({length, length}, torch::kFloat64).tril();
  const auto positions = torch::matmul(gates, from_key_on).clamp_max(count - 1);
  const auto hats =
      torch::relu(1 - (positions.unsqueeze(-1) - torch::arange(count, torch::kFloat64)).abs());
  const auto each = torch::matmul(inputs.queries, vectors.t());  // [B, H, T, P]
  return inputs.logits + (hats * each.unsqueeze(3)).sum(-1);
}

/// What CoPE adds to logits of one value, for queries of ones (K = 4) and vectors whose product
/// with them is 0, 10, 40, 90 ... (10 p^2). -> [T, T], rows by query
torch::Tensor added_to(double logit, int64_t length, int64_t max_positions) {
  const auto test = drawn_scheme(cope_options(max_positions));
  const torch::NoGradGuard no_grad;
  const auto vectors = test.parameters()[0];
  vectors.copy_(torch::arange(max_positions).pow(2).mul(2.5).unsqueeze(1).expand({-1, 4}));
  const auto change = std::get<LogitChange>(test.bias(torch::zeros({1, length, 12})));
  const auto block = make_block(0, length, {});
  const auto logits = torch::full({1, 3, length, length}, logit);
  const auto changed =
      change.block(logits, torch::ones({1, 3, length, 4}), block, change.inputs) - logits;
  return changed.select(1, 1).squeeze(0).flip(0);  // rows of a block run backwards
}

}  // namespace

TEST_CASE("With open gates CoPE counts the tokens from the query back", "[position]") {
  const auto added = added_to(40, 4, 8);  // p = i - j + 1
  for (int64_t i = 0; i < 4; ++i) {
    for (int64_t j = 0; j <= i; ++j) {
      CAPTURE(i, j);
      const double position = static_cast<double>(i - j + 1);
      CHECK(added[i][j].item<double>() == Approx(10 * position * position));
    }
  }
}

TEST_CASE("With closed gates CoPE leaves every key at position 0", "[position]") {
  CHECK(largest_difference(added_to(-100, 4, 8), torch::zeros({4, 4})) < 1e-6);
}

TEST_CASE("CoPE lies between two vectors in proportion", "[position]") {
  const auto added = added_to(0, 4, 8);             // gates of 1/2: p = (i - j + 1) / 2
  CHECK(added[3][3].item<double>() == Approx(5));   // p 1/2: between 0 and 10
  CHECK(added[3][2].item<double>() == Approx(10));  // p 1
  CHECK(added[3][1].item<double>() == Approx(25));  // p 3/2: between 10 and 40
  CHECK(added[3][0].item<double>() == Approx(40));  // p 2
}

TEST_CASE("CoPE's positions stop at the last vector", "[position]") {
  const auto added = added_to(40, 6, 4);
  const std::vector<double> expected = {90, 90, 90, 90, 40, 10};  // p = 6 ... 1, the last is 3
  for (int64_t j = 0; j < 6; ++j) {
    CHECK(added[5][j].item<double>() == Approx(expected[static_cast<size_t>(j)]));
  }
}

TEST_CASE("CoPE counts none of the keys that a query does not see", "[position]") {
  // The trap: unmasked, the gates of later keys add to the sums of all earlier ones.
  const auto added = added_to(40, 5, 8);
  CHECK(added[0][0].item<double>() == Approx(10));  // itself alone: p 1, not 5
  CHECK(added[2][2].item<double>() == Approx(10));
  CHECK(added[2][0].item<double>() == Approx(90));
}

TEST_CASE("CoPE equals the dense float64 form, with all gradients", "[position]") {
  // 5 vectors are soon used up, 64 never: about half of 100 gates.
  for (int64_t max_positions : {2, 5, 64}) {
    CAPTURE(max_positions);
    check_everywhere(drawn_scheme(cope_options(max_positions)), dense_logits, {.size = 1e-3});
  }
}

TEST_CASE("CoPE leaks nothing from later tokens", "[position]") {
  check_nothing_leaks(drawn_scheme(cope_options(5)));
}

TEST_CASE("CoPE's near positions stay exact behind thousands of open gates", "[position]") {
  // As a total less the sum before, they would be off by the rounding of 8192 / 3: 2e-4.
  const int64_t length = 8192;
  const auto test = drawn_scheme(cope_options(64));
  const torch::NoGradGuard no_grad;
  test.parameters()[0].copy_(torch::arange(64).unsqueeze(1).expand({-1, 4}) / 4.0);  // q e[p] = p
  const auto change = std::get<LogitChange>(test.bias(torch::zeros({1, length, 12})));
  const auto logits = torch::full({1, 3, 1, length}, -std::log(2.0f));  // gates of 1/3
  const auto changed = change.block(logits, torch::ones({1, 3, 1, 4}),
                                    make_block(length - 1, length, {}), change.inputs);
  const auto positions = (changed - logits)[0][0][0].slice(0, length - 150).flip(0);
  const auto expected = torch::arange(1, 151, torch::kFloat64) / 3;
  CHECK(largest_difference(positions, expected) < 1e-5);
}

TEST_CASE("CoPE begins without positions, one table of vectors a layer for all heads",
          "[position]") {
  const auto test = drawn_scheme(cope_options(7));
  test->reset_parameters();
  const auto parameters = test->named_parameters();
  REQUIRE(parameters.size() == 2);
  for (const char* name : {"layers.0.vectors", "layers.1.vectors"}) {
    CHECK(parameters[name].sizes() == torch::IntArrayRef({7, 4}));
    CHECK(parameters[name].eq(0).all().item<bool>());
  }
}

TEST_CASE("CoPE takes no fewer than two positions", "[position]") {
  PositionOptions options;
  OptionSet set;
  options.declare(set);
  CHECK_NOTHROW(set.read_command_line({"--position.cope.max_positions", "2"}));
  CHECK_THROWS_AS(set.read_command_line({"--position.cope.max_positions", "1"}), UserError);
}

}  // namespace lengthwise
