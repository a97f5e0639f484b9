#include "report/figures/svg_line_chart.h"

#include <cmath>
#include <limits>
#include <regex>

#include "report/contains_text.h"
#include "test.h"

using namespace lengthwise;

namespace {

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

LineChart chart_of(std::vector<Series> series) {
  LineChart chart;
  chart.title = "A title";
  chart.x_label = "length";
  chart.views = {{"perplexity", "perplexity", Scale::linear, std::nullopt, std::move(series)}};
  return chart;
}

Series line(std::string label, std::vector<double> y) {
  Series series{std::move(label), Look{0, 0, 0}, {}, std::move(y), {}, {}};
  for (size_t i = 0; i < series.y.size(); ++i) series.x.push_back(static_cast<double>(i + 1));
  return series;
}

/// The <g> of a series, up to the next one or the legend.
std::string group_of(const std::string& svg, const std::string& label) {
  const size_t at = svg.find("data-label=\"" + label + "\"");
  REQUIRE(at != std::string::npos);
  return svg.substr(at, svg.find("<g class", at) - at);
}

std::string line_of(const std::string& group) {
  std::smatch found;
  REQUIRE(std::regex_search(group, found, std::regex("class=\"line\"[^>]* d=\"([^\"]*)\"")));
  return found[1];
}

/// The numbers of a path, x and y in turn.
std::vector<double> numbers(const std::string& path) {
  std::vector<double> found;
  const std::regex number("-?[0-9.]+");
  for (std::sregex_iterator at(path.begin(), path.end(), number), end; at != end; ++at) {
    found.push_back(std::stod(at->str()));
  }
  return found;
}

int count(const std::string& text, const std::string& piece) {
  int found = 0;
  for (size_t at = text.find(piece); at != std::string::npos; at = text.find(piece, at + 1)) {
    ++found;
  }
  return found;
}

double y_of_tick(const std::string& svg, const std::string& tick) {
  std::smatch found;
  REQUIRE(std::regex_search(svg, found,
                            std::regex("y=\"([0-9.]+)\"[^>]*class=\"tick\">" + tick + "<")));
  return std::stod(found[1]) - 4;  // the baseline lies below the middle of the digits
}

}  // namespace

TEST_CASE("A point stands where the ticks of its axis say", "[report][chart]") {
  const std::string svg = svg_line_chart(chart_of({line("a", {10, 20, 35})}));
  const auto at = numbers(line_of(group_of(svg, "a")));
  REQUIRE(at.size() == 6);
  CHECK(at[1] == Approx(y_of_tick(svg, "10")).margin(0.1));
  CHECK(at[3] == Approx(y_of_tick(svg, "20")).margin(0.1));
  CHECK(at[2] - at[0] == Approx(at[4] - at[2]).margin(0.02));
  CHECK((at[1] - at[5]) == Approx(2.5 * (at[1] - at[3])).margin(0.05));
}

TEST_CASE("On a logarithmic axis equal factors are equal distances", "[report][chart]") {
  LineChart chart = chart_of({line("a", {10, 100, 1000})});
  chart.views[0].y_scale = Scale::logarithmic;
  const auto at = numbers(line_of(group_of(svg_line_chart(chart), "a")));
  CHECK(at[1] - at[3] == Approx(at[3] - at[5]).margin(0.02));
}

TEST_CASE("A value that is missing leaves a gap", "[report][chart]") {
  const std::string svg = svg_line_chart(chart_of({line("a", {1, 2, kNone, 4, 5})}));
  const std::string group = group_of(svg, "a");
  CHECK(count(line_of(group), "M") == 2);
  CHECK(count(line_of(group), "L") == 2);
  CHECK(count(group, "class=\"marker\"") == 4);
}

TEST_CASE("What leaves the plot has no marker and does not set the scale", "[report][chart]") {
  LineChart chart = chart_of({line("holds", {5, 5.5, 6}), line("fails", {5, 50, 5000})});
  chart.views[0].y_most = 20;
  const std::string svg = svg_line_chart(chart);
  CHECK(count(group_of(svg, "fails"), "class=\"marker\"") == 1);
  CHECK(count(group_of(svg, "holds"), "class=\"marker\"") == 3);
  CHECK_THAT(svg, contains_text(">20<") && !contains_text(">1000<") && !contains_text(">5k<"));
}

TEST_CASE("A band goes along its upper edge and back along its lower one", "[report][chart]") {
  Series series = line("a", {2, 3});
  series.low = {1, 2};
  series.high = {3, 5};
  const std::string svg = svg_line_chart(chart_of({series}));
  std::smatch band;
  REQUIRE(std::regex_search(svg, band, std::regex("class=\"band\" d=\"([^\"]*)\"")));
  const auto at = numbers(band[1]);
  const auto middle = numbers(line_of(group_of(svg, "a")));
  REQUIRE(at.size() == 8);
  const double unit = middle[1] - middle[3];
  CHECK(at[1] == Approx(middle[1] - unit).margin(0.03));
  CHECK(at[3] == Approx(middle[3] - 2 * unit).margin(0.03));
  CHECK(at[5] == Approx(middle[3] + unit).margin(0.03));
  CHECK(at[7] == Approx(middle[1] + unit).margin(0.03));
  CHECK(at[0] == Approx(at[6]));
}

TEST_CASE("Labels stand in the order of the lines' ends and never upon each other",
          "[report][chart]") {
  std::vector<Series> many;
  for (int i = 0; i < 23; ++i) many.push_back(line("s" + std::to_string(i), {5, 5 + 0.001 * i}));
  const std::string svg = svg_line_chart(chart_of(many));
  const std::regex name("y=\"([0-9.]+)\" class=\"name\">s([0-9]+)<");
  double last = 0;
  int expected = 22;
  for (std::sregex_iterator at(svg.begin(), svg.end(), name), end; at != end; ++at) {
    CHECK(std::stoi((*at)[2]) == expected--);
    CHECK(std::stod((*at)[1]) >= last + 13);
    last = std::stod((*at)[1]);
  }
  CHECK(expected == -1);
  std::smatch height;
  REQUIRE(std::regex_search(svg, height, std::regex("height=\"([0-9]+)\"")));
  CHECK(last < std::stod(height[1]));
}

TEST_CASE("Ticks may have names", "[report][chart]") {
  LineChart chart = chart_of({line("a", {10, 20, 35})});
  chart.x_ticks = {1, 2, 3};
  chart.x_tick_names = {"1", "2-3", "never before"};
  const std::string svg = svg_line_chart(chart);
  CHECK_THAT(svg, contains_text(">2-3<") && contains_text(">never before<"));
  CHECK_THAT(svg, !contains_text(">3<"));
}

TEST_CASE("A line of many points has no markers, a lone point one", "[report][chart]") {
  const std::string svg =
      svg_line_chart(chart_of({line("long", std::vector<double>(200, 3.0)), line("lone", {2})}));
  CHECK(count(group_of(svg, "long"), "class=\"marker\"") == 0);
  CHECK(count(group_of(svg, "lone"), "class=\"marker\"") == 1);
}

TEST_CASE("Any label is text, whatever it holds", "[report][chart]") {
  LineChart chart = chart_of({line("</svg><script>\"x\"&'", {1, 2})});
  chart.title = "<b>";
  const std::string svg = svg_line_chart(chart);
  CHECK_THAT(svg, !contains_text("<script") && !contains_text("<b>"));
  CHECK_THAT(svg, contains_text("&lt;/svg&gt;&lt;script&gt;&quot;x&quot;&amp;&#39;"));
}

TEST_CASE("A figure brings its title, notes and style", "[report][chart]") {
  LineChart chart = chart_of({line("a", {1, 2})});
  chart.subtitle = "and a subtitle";
  chart.notes = {"a note"};
  chart.marks = {{1, "trained at 1"}};
  const std::string svg = svg_line_chart(chart);
  for (const char* text :
       {">A title<", ">and a subtitle<", ">a note<", ">trained at 1<", "<style>"})
    CHECK_THAT(svg, contains_text(text));
}
