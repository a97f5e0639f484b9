#include "report/page/line_figure.h"

#include <cmath>
#include <regex>
#include <set>

#include "report/contains_text.h"
#include "test.h"

using namespace lengthwise;

namespace {

LineChart chart_of(std::vector<Series> series) {
  LineChart chart;
  chart.title = "A title";
  chart.x_label = "length";
  chart.x_scale = Scale::logarithmic;
  chart.x_ticks = {64, 128};
  chart.views = {{"perplexity", "perplexity", Scale::logarithmic, 20, std::move(series)}};
  return chart;
}

Series line(std::string label, std::vector<double> y) {
  return {std::move(label), Look{0, 0, 0}, {64, 128}, std::move(y), {}, {}};
}

std::string figure(const LineChart& chart) {
  RowNumbers rows;
  return line_figure(chart, rows);
}

std::vector<std::string> all(const std::string& text, const std::string& pattern) {
  std::vector<std::string> found;
  const std::regex regex(pattern);
  for (std::sregex_iterator at(text.begin(), text.end(), regex), end; at != end; ++at) {
    found.push_back((*at)[1]);
  }
  return found;
}

const std::string kDrawing = "<g class=\"drawing[^>]* (data-view=[^>]*)>";

}  // namespace

TEST_CASE("Every view is drawn at every scale and range, first as it is shown at first",
          "[report][page]") {
  LineChart chart = chart_of({line("a", {5, 50})});
  chart.views.push_back({"gap", "gap", Scale::linear, std::nullopt, {line("a", {-0.5, 1})}});
  const std::string html = figure(chart);
  const auto drawings = all(html, kDrawing);
  // Two scales of x; of the first view two of y and two ranges; the gap is not always positive.
  CHECK(drawings.size() == 2 * 2 * 2 + 2);
  CHECK(std::set(drawings.begin(), drawings.end()).size() == drawings.size());
  CHECK_THAT(drawings[0], contains_text("data-view=\"0\" data-x=\"log\"") &&
                              contains_text("data-y=\"log\"") &&
                              contains_text("data-range=\"usual\""));
  CHECK_THAT(drawings[8],
             contains_text("data-view=\"1\" data-x=\"log\"") && contains_text("data-y=\"linear\""));
  CHECK(all(html, "<g class=\"(drawing shown)\"").size() == 1);
  CHECK(all(html, "<g class=\"(x-axis shown)\"").size() == 1);
}

TEST_CASE("What has a name in place of a number has one scale", "[report][page]") {
  LineChart chart = chart_of({line("a", {5, 6})});
  chart.x_scale = Scale::linear;
  chart.x_tick_names = {"few", "many"};
  const std::string html = figure(chart);
  for (const std::string& each : all(html, kDrawing)) CHECK_THAT(each, contains_text("linear"));
  CHECK_THAT(html,
             contains_text("data-x-names=\"few\nmany\"") && !contains_text("data-choice=\"x\""));
}

TEST_CASE("The curves of a view are written once, and where each drawing's axes end",
          "[report][page]") {
  const std::string html = figure(chart_of({line("a", {5, 50})}));
  CHECK(all(html, "data-values=\"([^\"]*)\"") == std::vector<std::string>{"5.000;50.00"});
  CHECK(all(html, "(<svg class=\"curves\")").size() == 1);
  // The logarithmic axis has room of a twentieth of its span, the linear one of its own.
  const auto least = all(html, "data-y=\"log\" data-y-least=\"([^\"]*)\"");
  CHECK(std::stod(least.back()) == Approx(5 * std::pow(0.1, 0.05)).epsilon(1e-6));
  const auto most = all(html, "data-y=\"linear\" data-y-least=\"[^\"]*\" data-y-most=\"([^\"]*)\"");
  CHECK(std::stod(most.back()) == Approx(50 + 0.05 * 45).epsilon(1e-6));
}

TEST_CASE("Rows that stand aside are off at first and last in the legend", "[report][page]") {
  Series aside = line("aside", {5, 9});
  aside.aside = true;
  const std::string html = figure(chart_of({aside, line("low", {5, 6}), line("high", {5, 8})}));
  CHECK(all(html, "<span class=\"name\">([^<]*)<") ==
        std::vector<std::string>{"high", "low", "aside"});
  CHECK_THAT(html, contains_text("<button type=\"button\" class=\"off\" data-aside data-row=\"0\" "
                                 "aria-pressed=\"false\">"));
  CHECK_THAT(html, contains_text("<g class=\"series c0 off\" data-row=\"0\""));
  CHECK_THAT(html, contains_text("data-value=\"few\""));
}

TEST_CASE("A label has the same number in every figure of a page", "[report][page]") {
  RowNumbers rows;
  line_figure(chart_of({line("a", {5, 6}), line("b", {5, 6})}), rows);
  const std::string second = line_figure(chart_of({line("b", {1, 2})}), rows);
  CHECK(all(second, "data-row=\"([0-9]+)\"").front() == "1");
}
