#include "report/figures/perplexity_chart.h"

#include <cmath>

#include "report/failing_and_holding.h"
#include "report/figures/comparison_curves.h"
#include "report/figures/length_chart.h"
#include "test.h"

using namespace lengthwise;

namespace {

LineChart perplexities(const std::vector<RunRecord>& runs) {
  return perplexity_chart(compare_samples(runs));
}

std::vector<std::string> labels(const View& view) {
  std::vector<std::string> found;
  for (const Series& series : view.series) found.push_back(series.label);
  return found;
}

}  // namespace

TEST_CASE("Each row is a series, in the order of the table, in every view", "[report][chart]") {
  const LineChart chart = perplexities(failing_and_holding(/*ideal=*/true));
  REQUIRE(chart.views.size() == 3);
  for (const View& view : chart.views) {
    CHECK(labels(view) ==
          std::vector<std::string>{"sinusoidal", "learned", "alibi", "ideal reader (exact)"});
  }
  CHECK(perplexities(failing_and_holding(/*ideal=*/false)).views.size() == 2);
}

TEST_CASE("Views show perplexity, its logarithm and what is above the ideal", "[report][chart]") {
  const LineChart chart = perplexities(failing_and_holding(/*ideal=*/true));
  const auto value = [&](size_t view, size_t series, size_t i) {
    return chart.views[view].series[series].y[i];
  };
  CHECK(value(0, 2, 1) == Approx(4.95));  // alibi at 128: the mean of 4.9 and 5.0
  CHECK(value(1, 2, 1) == Approx((std::log(4.9) + std::log(5.0)) / 2));
  CHECK(value(2, 2, 1) == Approx((std::log(4.9) + std::log(5.0)) / 2 - (1.6 - 0.128)));
  CHECK(value(0, 3, 1) == Approx(std::exp(1.6 - 0.128)));
  CHECK(value(2, 3, 1) == 0);
  const Series& alibi = chart.views[0].series[2];
  CHECK(alibi.low[1] == Approx(4.9));
  CHECK(alibi.high[1] == Approx(5.0));
  CHECK(chart.views[0].series[0].low.empty());  // one seed has no band
}

TEST_CASE("There is no value beyond a limit, and a note says so", "[report][chart]") {
  const LineChart chart = perplexities(failing_and_holding(/*ideal=*/false));
  const Series& learned = chart.views[0].series[1];
  CHECK(learned.y[0] == Approx(5.3));
  for (const size_t i : {1, 2, 3}) CHECK(std::isnan(learned.y[i]));
  CHECK(chart.notes.back() == "Without positions beyond a limit: learned (64).");
}

TEST_CASE("A failing scheme does not set the scale, and a note says so", "[report][chart]") {
  const LineChart chart = perplexities(failing_and_holding(/*ideal=*/true));
  REQUIRE(chart.views[0].y_most);
  CHECK(*chart.views[0].y_most == 21);  // four times 5.25, the median at the train length
  CHECK(*chart.views[1].y_most == Approx(std::log(21)));
  CHECK(chart.notes.front() == "Leaving the plot: sinusoidal (5000 at 512).");
  CHECK_FALSE(perplexities({failing_and_holding(false)[2]}).views[0].y_most);
}

TEST_CASE("Two train lengths have two marks, two labels and two dashes", "[report][chart]") {
  auto runs = failing_and_holding(/*ideal=*/false);
  runs.push_back(runs[2]);
  runs.back().train_length = 256;
  const LineChart chart = perplexities(runs);
  REQUIRE(chart.marks.size() == 2);
  CHECK(chart.marks[0].label == "train 64");
  CHECK(chart.marks[1].x == 256);
  const auto& series = chart.views[0].series;
  REQUIRE(series.size() == 4);
  CHECK(series[2].label == "alibi, train 64");
  CHECK(series[3].label == "alibi, train 256");
  CHECK(series[2].look.colour == series[3].look.colour);
  CHECK(series[2].look.dash != series[3].look.dash);
}

TEST_CASE("A scheme keeps its look whoever stands beside it", "[report][chart]") {
  const auto runs = failing_and_holding(/*ideal=*/false);
  CHECK(perplexities(runs).views[0].series[2].look ==
        perplexities({runs[2]}).views[0].series[0].look);
}

TEST_CASE("Rows of one scheme differ in look, whatever sets them apart", "[report][chart]") {
  Comparison comparison;
  const auto add = [&](std::string settings, std::string variant, int64_t train_length) {
    Row row;
    row.scheme = "alibi";
    row.settings = std::move(settings);
    row.variant = std::move(variant);
    row.train_length = train_length;
    comparison.rows.push_back(row);
  };
  add("", "", 64);
  add("model.heads=8", "", 64);
  add("position.alibi.bias_max=12", "", 64);
  add("training.batch_windows=2", "", 512);
  add("", "model.window=64", 64);
  const ComparisonCurves curves(comparison);
  for (size_t a = 0; a < comparison.rows.size(); ++a) {
    for (size_t b = 0; b < a; ++b) {
      INFO(a << " and " << b);
      CHECK(curves.of(comparison.rows[a]).look != curves.of(comparison.rows[b]).look);
    }
  }
}

TEST_CASE("A perplexity beyond all numbers is no point, and a note names it", "[report][chart]") {
  auto runs = failing_and_holding(/*ideal=*/false);
  runs[0].evaluations[3].nats_per_token = 1e6;
  CHECK(perplexities(runs).notes.front() == "Leaving the plot: sinusoidal (inf at 512).");
}

TEST_CASE("Cost is speed and memory as measured", "[report][chart]") {
  const LineChart chart = cost_chart(compare_samples(failing_and_holding(/*ideal=*/false)));
  CHECK(chart.views[0].series[2].y[3] == 1000);
  CHECK(chart.views[1].series[2].y[3] == 250);
}
