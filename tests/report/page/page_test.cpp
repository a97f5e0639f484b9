#include "report/page/page.h"

#include <cmath>
#include <regex>

#include "report/contains_text.h"
#include "report/failing_and_holding.h"
#include "report/page/comparison_page.h"
#include "test.h"

using namespace lengthwise;

namespace {

const std::string kHostile = "</script><script>alert(1)</script><b>&\"'{{script}}";

LineChart hostile_chart() {
  LineChart chart;
  chart.title = chart.subtitle = chart.x_label = kHostile;
  chart.notes = {kHostile};
  chart.marks = {{1, kHostile}};
  const Series series{kHostile, Look{4, 0, 0}, {1, 2}, {0.1, std::nan("")}, {}, {}};
  chart.views = {{kHostile, kHostile, Scale::linear, std::nullopt, {series}}};
  return chart;
}

int count(const std::string& text, const std::string& piece) {
  int found = 0;
  for (size_t at = text.find(piece); at != std::string::npos; at = text.find(piece, at + 1)) {
    ++found;
  }
  return found;
}

}  // namespace

TEST_CASE("No text breaks out of its place in the page", "[report][page]") {
  HeatMap map{kHostile, kHostile, kHostile, kHostile, {kHostile}, {kHostile}, {{0.5}}};
  PageTable table{kHostile, {kHostile}, {{{kHostile}, {kHostile, true}}}, {kHostile}};
  const Page page{kHostile,
                  kHostile,
                  {{kHostile,
                    {PageCode{kHostile}, table, PageKeyValues{{{kHostile, kHostile}}},
                     PageCode{kHostile}, hostile_chart(), map},
                    {{kHostile, {PageCode{kHostile}}}}}},
                  kHostile};
  const std::string html = render_page(page);
  CHECK_THAT(html, !contains_text("<b>") && !contains_text("<script>alert"));
  CHECK(count(html, "<script") == 1);  // the page's own
  CHECK(count(html, "</script") == 1);
  CHECK(count(html, "\"use strict\"") == 1);  // {{script}} in a text is no place for it
}

TEST_CASE("The page asks nothing of any network", "[report][page]") {
  const std::string html = render_page(
      comparison_page(compare_samples(failing_and_holding(true)), failing_and_holding(true),
                      {"Which one?", "lengthwise compare", "2026-11-23T04:00:00Z", "lengthwise"}));
  CHECK_THAT(html, contains_text("default-src 'none'"));
  const std::regex reference("(src|href|url\\()=?[\"']?(?!#|data:)[a-z/]");
  CHECK_FALSE(std::regex_search(html, reference));
  // SVG's namespace is a name, not an address.
  CHECK_FALSE(std::regex_search(html, std::regex("https?://(?!www\\.w3\\.org/2000/svg)")));
}

TEST_CASE("A comparison's page has its question, table, curves and origin without a script",
          "[report][page]") {
  const auto runs = failing_and_holding(/*ideal=*/true);
  const std::string html =
      render_page(comparison_page(compare_samples(runs), runs,
                                  {"Which one?", "lengthwise compare a b", "2026-11-23T04:00:00Z",
                                   "lengthwise 0.1.0 (commit abc)"}));
  CHECK_THAT(html, contains_text("<h1>Which one?</h1>"));
  CHECK_THAT(html, contains_text("<td><strong>4.950 ± 0.071</strong></td>"));
  CHECK_THAT(html,
             contains_text("<span class=\"name\">alibi</span>") && contains_text("class=\"band\""));
  CHECK_THAT(html, contains_text("lengthwise compare a b") && contains_text("c0ffee") &&
                       contains_text("lengthwise 0.1.0 (commit abc)"));
  CHECK_THAT(html, !contains_text("<h2>Training</h2>"));  // these runs have no folder
}

TEST_CASE("The page says what is left to the ideal and how to read it", "[report][page]") {
  TextComparison comparison = compare_samples(failing_and_holding(true));
  const auto page_of = [&] {
    return render_page(comparison_page(comparison, failing_and_holding(true), {}));
  };
  CHECK_THAT(page_of(), !contains_text("What is left to the ideal"));
  GapToIdeal gap;
  gap.all.value = 0.125;
  gap.equivalent_memory = Estimate{77, Interval{70, 85}};
  for (TextCell& cell : comparison.text_cells[2]) cell.gap = gap;
  const std::string page = page_of();
  CHECK_THAT(page, contains_text("What is left to the ideal"));
  CHECK_THAT(page, contains_text("0.125"));
  CHECK_THAT(page, contains_text("77 [70, 85]"));
  CHECK_THAT(page, contains_text("they are low figures"));
}

TEST_CASE("A chart without a point is left out", "[report][page]") {
  LineChart chart = hostile_chart();
  chart.views[0].series[0].y = {std::nan(""), std::nan("")};
  CHECK_THAT(render_page({"t", "", {{"s", {chart}, {}}}, ""}), !contains_text("<figure"));
}

TEST_CASE("A heat map has a cell a value, shaded from dark to light", "[report][page]") {
  const HeatMap map{
      "Accuracy", "", "depth", "length", {"0", "1"}, {"64", "128"}, {{0, 1}, {0.5, std::nan("")}}};
  const std::string html = render_page({"t", "", {{"s", {map}, {}}}, ""});
  CHECK(count(html, "class=\"cell\"") == 4);
  CHECK_THAT(html, contains_text("fill=\"#440154\"") && contains_text("fill=\"#fde725\"") &&
                       contains_text("fill=\"#21918c\""));  // viridis at 0, 1 and 1/2
  CHECK_THAT(html, contains_text("<title>1, 128: not measured</title>") &&
                       contains_text("<title>1, 64: 0.5</title>") && contains_text(">0.50<"));
}
