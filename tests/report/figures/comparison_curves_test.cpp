#include "report/figures/comparison_curves.h"

#include "report/contains_text.h"
#include "report/figures/perplexity_chart.h"
#include "report/figures/svg_line_chart.h"
#include "report/sample_runs.h"
#include "test.h"

using namespace lengthwise;

namespace {

/// Schemes s00 ... whose perplexity at 512 falls with their number; s05 is the best at 64.
TextComparison many_schemes(int count) {
  std::vector<RunRecord> runs;
  for (int i = 0; i < count; ++i) {
    const std::string name = std::string(i < 10 ? "s0" : "s") + std::to_string(i);
    runs.push_back(sample_run(name, 1, {{64, i == 5 ? 5.0 : 5.5}, {512, 9 - 0.1 * i}}));
  }
  return compare_samples(runs);
}

std::vector<std::string> shown(const TextComparison& comparison) {
  const ComparisonCurves curves(comparison);
  std::vector<std::string> labels;
  for (const Row& row : comparison.rows) {
    if (!curves.of(row).aside) labels.push_back(curves.of(row).label);
  }
  return labels;
}

PublishedRow published(const std::string& scheme, const std::string& source, int64_t length) {
  return {source, scheme, length, {5.1, 5.2}};
}

}  // namespace

TEST_CASE("Eight rows are shown, and of more the few that matter", "[report][chart]") {
  CHECK(shown(many_schemes(8)).size() == 8);
  CHECK(ComparisonCurves(many_schemes(8)).note().empty());
  const TextComparison crowded = many_schemes(23);
  // The worst at 512, the best at 64, and the six best at 512.
  CHECK(shown(crowded) ==
        std::vector<std::string>{"s00", "s05", "s17", "s18", "s19", "s20", "s21", "s22"});
  CHECK_THAT(ComparisonCurves(crowded).note(), contains_text("8 of 23 curves"));
}

TEST_CASE("Rows that stand aside are thin and grey in the picture and have no name there",
          "[report][chart]") {
  const LineChart chart = perplexity_chart(many_schemes(23));
  const std::string svg = svg_line_chart(chart);
  CHECK_THAT(svg, contains_text("<g class=\"series aside\" data-label=\"s01\">") &&
                      contains_text("8 of 23 curves have a name"));
  CHECK_THAT(svg, !contains_text(">s01</text>"));
  CHECK_THAT(svg, contains_text(">s22</text>"));
  size_t series = 0;
  for (size_t at = 0; (at = svg.find("<g class=\"series", at)) != svg.npos; ++at) ++series;
  CHECK(series == 23);
}

TEST_CASE(
    "Published lines of two papers, tables and train lengths have names and looks of their own",
    "[report][chart]") {
  TextComparison comparison = compare_samples(
      {sample_run("alibi", 1, {{64, 5}, {512, 5}}), sample_run("rotary", 1, {{64, 5}, {512, 5}})});
  comparison.rows[1].train_length = 128;
  comparison.published = {published("alibi", "press2021, table-2", 64),
                          published("alibi", "press2021, table-2", 128),
                          published("alibi", "chi2022, table-4", 64)};
  const LineChart chart = perplexity_chart(comparison);
  const auto& series = chart.views[0].series;
  REQUIRE(series.size() == 5);
  for (size_t a = 0; a < series.size(); ++a) {
    for (size_t b = 0; b < a; ++b) {
      CHECK(series[a].label != series[b].label);
      CHECK(std::pair(series[a].look.colour, series[a].look.marker) !=
            std::pair(series[b].look.colour, series[b].look.marker));
    }
  }
  CHECK(series[2].label == "alibi (press2021, table-2), train 64");
}
