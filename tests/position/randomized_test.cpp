#include "position/randomized.h"

#include <algorithm>

#include "base/error.h"
#include "base/options.h"
#include "position/dense_check.h"

namespace lengthwise {
namespace {

PositionOptions around(const std::string& inner, int64_t range) {
  PositionOptions options;
  options.group<RandomizedOptions>() = {.scheme = inner, .range = range};
  return options;
}

/// An error line of validation.
std::string refusal(const PositionOptions& options, const ModelShape& shape) {
  try {
    kRandomized.validate(options, shape);
  } catch (const UserError& error) {
    return error.what();
  }
  return {};
}

}  // namespace

TEST_CASE("Randomized positions are a rising draw without replacement", "[position]") {
  for (uint64_t draw = 0; draw < 200; ++draw) {
    const auto drawn = draw_positions(40, 100, draw);
    REQUIRE(drawn.size() == 40);
    CHECK(drawn.front() >= 0);
    CHECK(drawn.back() < 100);
    CHECK(std::ranges::adjacent_find(drawn, std::ranges::greater_equal()) == drawn.end());
  }
  CHECK(draw_positions(3, 3, 7) == std::vector<int64_t>{0, 1, 2});
  CHECK(draw_positions(1, 1, 7) == std::vector<int64_t>{0});
}

TEST_CASE("Randomized draws are equally likely, and each follows its number alone", "[position]") {
  constexpr int64_t kDraws = 20000;
  std::vector<int64_t> positions(5), pairs(10);
  for (uint64_t draw = 0; draw < kDraws; ++draw) {
    const auto drawn = draw_positions(2, 5, draw);
    for (int64_t position : drawn) ++positions[static_cast<size_t>(position)];
    ++pairs[static_cast<size_t>(drawn[1] * (drawn[1] - 1) / 2 + drawn[0])];
  }
  // Five standard deviations: sqrt(20000 x 0.4 x 0.6) = 69, sqrt(20000 x 0.1 x 0.9) = 42.
  for (int64_t count : positions) CHECK(std::abs(count - 8000) < 5 * 69);
  for (int64_t count : pairs) CHECK(std::abs(count - 2000) < 5 * 42);
  CHECK(draw_positions(30, 2000, 5) == draw_positions(30, 2000, 5));
  CHECK(draw_positions(30, 2000, 5) != draw_positions(30, 2000, 6));
}

TEST_CASE("Randomized positions are drawn in evaluation as in training", "[position]") {
  const auto scheme = scheme_named("randomized");
  scheme->eval();
  const auto first = scheme->positions(10, 1), second = scheme->positions(10, 2);
  CHECK_FALSE(first.step.has_value());
  CHECK_FALSE(torch::equal(first.values, second.values));
  CHECK(torch::equal(first.values, scheme->positions(10, 1).values));
}

TEST_CASE("A bias by distance goes by the positions drawn, not by the index", "[position]") {
  const auto scheme = scheme_named("randomized", around("alibi", 500));
  const auto positions = scheme->positions(60, 3);
  const auto dense = [](const torch::Tensor& at, const Parameters&) {
    // ALiBi's slopes of 3 heads.
    return -torch::tensor({0.0625, 0.00390625, 0.25}, torch::kFloat64).view({3, 1, 1}) *
           pair_distances(at);
  };
  check_against_dense(scheme, added(dense), {positions, 16});
  CHECK(pair_distances(positions.values).max().item<double>() > 200);
}

TEST_CASE("What the scheme inside learns gets its gradients under its own names", "[position]") {
  const auto scheme = scheme_named("randomized", around("alibi_learned", 500));
  REQUIRE(scheme->named_parameters().size() == 2);
  const DenseBias dense = [](const torch::Tensor& at, const Parameters& parameters) {
    return -parameters.at("layers.1.log_slopes").exp().view({3, 1, 1}) * pair_distances(at);
  };
  for (int64_t length : {1, 2, 37, 100}) {
    check_against_dense(scheme, added(dense), {scheme->positions(length, 4), 16});
  }
  check_nothing_leaks(scheme);

  const auto plain = scheme_named("t5_bias"),
             drawn = scheme_named("randomized", around("t5_bias", 500));
  REQUIRE(drawn->named_parameters().contains("table"));
  CHECK(torch::equal(drawn->named_parameters()["table"], plain->named_parameters()["table"]));
}

TEST_CASE("A learned table inside randomized has a row for every position", "[position]") {
  const auto scheme = scheme_named("randomized", around("learned", 50));
  const auto table = scheme->named_parameters()["table"];
  REQUIRE(table.sizes() == torch::IntArrayRef({50, 24}));
  const auto positions = scheme->positions(20, 9);
  const auto added = scheme->apply_to_embeddings(torch::zeros({1, 20, 24}), positions)[0];
  for (int64_t token = 0; token < 20; ++token) {
    CHECK(torch::equal(added[token], table[positions.values[token].item<int64_t>()]));
  }
}

TEST_CASE("Rotary inside randomized turns by the positions drawn", "[position]") {
  const auto scheme = scheme_named("randomized"), plain = scheme_named("rotary");
  const auto drawn = scheme->positions(12, 1), all = plain->positions(2048, 0);
  torch::manual_seed(3);
  const auto one = torch::randn({1, 3, 1, 8});
  const auto turned = [&](const PositionScheme& by, const Positions& at) {
    const auto tables = by.tables(at);
    const auto x = one.expand({1, 3, at.values.size(0), 8});
    return by
        .apply_to_queries_keys({x, x},
                               {.layer = 0, .positions = at, .tables = tables, .hidden = {}})
        .queries;
  };
  const auto expected = turned(*plain, all).index_select(2, drawn.values.to(torch::kInt64));
  CHECK(torch::equal(turned(*scheme, drawn), expected));
}

TEST_CASE("Randomized positions end at their range, whatever the training length", "[position]") {
  for (int64_t train_length : {8, 40}) {
    const ModelShape shape{.width = 24, .heads = 3, .layers = 2, .train_length = train_length};
    for (const std::string inner : {"rotary", "learned", "alibi_scaled"}) {
      const auto scheme = scheme_named("randomized", around(inner, 90), shape);
      CHECK(scheme->max_length() == 90);
      CHECK(torch::equal(scheme->positions(90, 1).values, torch::arange(90, torch::kFloat64)));
      CHECK_THROWS_AS(scheme->positions(91, 1), c10::Error);
    }
  }
}

TEST_CASE(
    "Randomized refuses a range below the training length, itself, and what its scheme refuses",
    "[position]") {
  CHECK(refusal(around("rotary", 15), kSmallShape).find("position.randomized.range: 15") == 0);
  CHECK(refusal(around("rotary", 16), kSmallShape).empty());
  const ModelShape odd{.width = 21, .heads = 3, .layers = 1, .train_length = 16};
  CHECK(refusal(around("rotary", 500), odd).find("model.heads: ") == 0);
  CHECK(refusal(around("alibi", 500), odd).empty());

  PositionOptions options;
  OptionSet set;
  options.declare(set);
  CHECK_THROWS_AS(set.read_command_line({"--position.randomized.scheme", "randomized"}), UserError);
  CHECK_NOTHROW(set.read_command_line({"--position.randomized.scheme", "sinusoidal"}));
  CHECK(options.group<RandomizedOptions>().scheme == "sinusoidal");
}

}  // namespace lengthwise
