#include "report/curve.h"

#include <stdlib.h>

#include <regex>

#include "base/error.h"
#include "base/text.h"
#include "report/contains_text.h"
#include "report/gnuplot.h"
#include "report/sample_runs.h"
#include "temporary_folder.h"
#include "test.h"

using namespace lengthwise;

namespace {

// gnuplot's SVG: a group a plot element, in it the legend's text and a <use> a point drawn, one of
// them the legend's own.
struct DrawnSeries {
  std::string label;
  int points;
  std::string text;
};

int count(const std::string& text, const std::string& piece) {
  int found = 0;
  for (size_t at = text.find(piece); at != std::string::npos; at = text.find(piece, at + 1)) {
    ++found;
  }
  return found;
}

std::vector<DrawnSeries> drawn_series(const std::string& svg) {
  std::vector<DrawnSeries> drawn;
  for (size_t at = svg.find("id=\"gnuplot_plot_"); at != std::string::npos;) {
    const size_t next = svg.find("id=\"gnuplot_plot_", at + 1);
    const std::string group = svg.substr(at, next - at);
    std::smatch label;
    if (std::regex_search(group, label, std::regex("<text>([^<]*)</text>"))) {
      drawn.push_back({label[1], count(group, "<use xlink:href") - 1, group});
    }
    at = next;
  }
  return drawn;
}

std::vector<RunRecord> failing_and_holding(bool ideal) {
  RunRecord learned = sample_run("learned", 2, 1, {{64, 5.3}});
  for (const int64_t length : {128, 256, 512}) add_beyond_limit(learned, length, 64);
  std::vector<RunRecord> runs = {
      sample_run("sinusoidal", 1, 1, {{64, 5.2}, {128, 9.8}, {256, 400}, {512, 5000}}), learned,
      sample_run("alibi", 4, 1, {{64, 5.2}, {128, 4.9}, {256, 4.7}, {512, 4.6}}),
      sample_run("alibi", 4, 2, {{64, 5.3}, {128, 5.0}, {256, 4.8}, {512, 4.7}})};
  if (!ideal) return runs;
  for (RunRecord& run : runs) {
    for (EvaluationRecord& record : run.evaluations) {
      if (record.beyond_max_length) continue;
      record.ideal_nats_per_token = 1.6 - 0.001 * static_cast<double>(record.length);
    }
  }
  return runs;
}

std::string svg_of(const std::vector<RunRecord>& runs) {
  TemporaryFolder folder;
  write_curves(compare_runs(runs), folder.path());
  return read_file(folder / "curve.svg");
}

class PathWithout {
 public:
  PathWithout() : old_(::getenv("PATH")) { ::setenv("PATH", "/nowhere", 1); }
  ~PathWithout() { ::setenv("PATH", old_.c_str(), 1); }
  PathWithout(const PathWithout&) = delete;
  PathWithout& operator=(const PathWithout&) = delete;

 private:
  std::string old_;
};

}  // namespace

TEST_CASE("Each row is drawn with its label in the order of the table", "[report][curve]") {
  const auto drawn = drawn_series(svg_of(failing_and_holding(/*ideal=*/true)));
  std::vector<std::string> labels;
  for (const DrawnSeries& series : drawn) labels.push_back(series.label);
  CHECK(labels == std::vector<std::string>{"sinusoidal", "learned (limit 64)", "alibi",
                                           "ideal reader (exact)"});
}

TEST_CASE("A point is drawn for each length in the plot and none beyond a limit",
          "[report][curve]") {
  const auto drawn = drawn_series(svg_of(failing_and_holding(/*ideal=*/false)));
  REQUIRE(drawn.size() == 3);
  CHECK(drawn[0].points == 2);  // 400 and 5000 lie above the plot
  CHECK(drawn[1].points == 1);  // at its limit
  CHECK(drawn[2].points == 4);
}

TEST_CASE("The plot says what it shows and what leaves it", "[report][curve]") {
  const std::string svg = svg_of(failing_and_holding(/*ideal=*/true));
  CHECK_THAT(svg, contains_text("Perplexity by evaluation length on ideal_reader"));
  CHECK_THAT(svg, contains_text("test split, non_overlapping windows") &&
                      contains_text("65,536 scored tokens") &&
                      contains_text("mean of 1 to 2 seeds"));
  CHECK_THAT(svg, contains_text(">trained at 64<"));
  CHECK_THAT(svg, contains_text("Leaving the plot: sinusoidal (5000 at 512)<"));
  for (const std::string tick : {">64<", ">128<", ">256<", ">512<"})
    CHECK_THAT(svg, contains_text(tick));
}

TEST_CASE("Runs of two train lengths have two marks and two labels", "[report][curve]") {
  auto runs = failing_and_holding(/*ideal=*/false);
  runs.push_back(runs[2]);
  runs.back().train_length = 256;
  const std::string svg = svg_of(runs);
  CHECK_THAT(svg, contains_text(">train 64<") && contains_text(">train 256<"));
  CHECK(count(svg, ">alibi, train 64<") == 1);
  CHECK(count(svg, ">alibi, train 256<") == 1);
}

TEST_CASE("A scheme keeps its colour whoever stands beside it", "[report][curve]") {
  const auto colour = [](const DrawnSeries& series) {
    std::smatch found;
    REQUIRE(std::regex_search(series.text, found, std::regex("color='(rgb\\([^)]*\\))'")));
    return found[1].str();
  };
  const auto all = drawn_series(svg_of(failing_and_holding(/*ideal=*/false)));
  const auto alone = drawn_series(svg_of({failing_and_holding(/*ideal=*/false)[2]}));
  REQUIRE(alone.size() == 1);
  CHECK(colour(alone[0]) == colour(all[2]));
  CHECK(colour(all[0]) != colour(all[2]));
  // Vermillion, as Okabe and Ito give it.
  CHECK(colour(alone[0]) == "rgb(213,  94,   0)");
}

TEST_CASE("The PNG is one, and nothing else is left in the folder", "[report][curve]") {
  TemporaryFolder folder;
  write_curves(compare_runs(failing_and_holding(/*ideal=*/true)), folder / "plots");
  CHECK(read_file(folder / "plots/curve.png").substr(0, 8) == "\x89PNG\r\n\x1a\n");
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder / "plots")) {
    names.push_back(entry.path().filename());
  }
  std::ranges::sort(names);
  CHECK(names == std::vector<std::string>{"curve.png", "curve.svg"});
}

TEST_CASE("A corpus may be named in any characters", "[report][curve]") {
  auto runs = failing_and_holding(/*ideal=*/false);
  for (RunRecord& run : runs) run.corpus = "it's_a \"`corpus`\" {/:Bold é}\n^2";
  CHECK_THAT(svg_of(runs), contains_text("on it's_a \"`corpus`\" {/:Bold é} ^2<"));
}

TEST_CASE("A failing scheme does not set the scale", "[report][curve]") {
  const PerplexityRange range = shown_range(compare_runs(failing_and_holding(/*ideal=*/true)));
  CHECK(range.capped);
  CHECK(range.most == Approx(21));  // four times 5.25, the median at the train length
  CHECK(range.least < std::exp(1.6 - 0.512));
  CHECK(range.least > 0.8 * std::exp(1.6 - 0.512));

  const PerplexityRange even = shown_range(compare_runs({failing_and_holding(false)[2]}));
  CHECK_FALSE(even.capped);
  CHECK(even.least < 4.6);
  CHECK(even.most > 5.2);
  CHECK(even.most < 5.5);
}

TEST_CASE("A perplexity beyond all numbers can be drawn beside others", "[report][curve]") {
  auto runs = failing_and_holding(/*ideal=*/false);
  runs[0].evaluations[3].nats_per_token = 1e6;
  const std::string svg = svg_of(runs);
  CHECK_THAT(svg, contains_text("sinusoidal (inf at 512)"));
  CHECK(drawn_series(svg).size() == 3);
}

TEST_CASE("Ticks are round, within the range and neither few nor many", "[report][curve]") {
  for (const double least : {1.02, 3.7, 18.0, 95.0, 4321.0}) {
    for (const double ratio : {1.03, 1.2, 1.5, 2.0, 2.9, 3.1, 5.0, 12.0, 40.0, 300.0, 1e5}) {
      const auto ticks = logarithmic_ticks(least, least * ratio);
      INFO(least << " to " << least * ratio);
      CHECK(ticks.size() >= 3);
      CHECK(ticks.size() <= 10);
      CHECK(std::ranges::is_sorted(ticks));
      CHECK(ticks.front() >= least);
      CHECK(ticks.back() <= least * ratio);
    }
  }
  CHECK(logarithmic_ticks(3.72, 5.42) ==
        std::vector<double>{3.8, 4.0, 4.2, 4.4, 4.6, 4.8, 5.0, 5.2, 5.4});
}

TEST_CASE("Nothing measured is nothing to draw", "[report][curve]") {
  RunRecord learned = sample_run("learned", 2, 1, {});
  add_beyond_limit(learned, 128, 64);
  CHECK_THROWS_AS(shown_range(compare_runs({learned})), UserError);
}

TEST_CASE("A missing gnuplot is named", "[report][curve]") {
  const PathWithout path;
  CHECK_THROWS_WITH(run_gnuplot("plot x\n"), "gnuplot is missing: install gnuplot-nox");
}

TEST_CASE("What gnuplot complains about is in the error", "[report][curve]") {
  CHECK_THROWS_AS(run_gnuplot("no_such_command\n"), RunFailure);
  CHECK_THROWS_WITH(run_gnuplot("no_such_command\n"), contains_text("invalid command"));
}
