#include "report/page/line_figure.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <vector>

#include "report/figures/markup.h"
#include "report/figures/svg_legend.h"
#include "report/page/view_drawings.h"

namespace lengthwise {
namespace {

struct Choice {
  std::string name;
  std::string attribute;
  std::vector<std::pair<std::string, std::string>> values;  // with what the button says
};

std::vector<Choice> choices(const LineChart& chart) {
  std::vector<Choice> all;
  if (chart.views.size() > 1) {
    Choice choice{"show", "view", {}};
    for (size_t i = 0; i < chart.views.size(); ++i) {
      choice.values.emplace_back(fmt::format("{}", i), chart.views[i].name);
    }
    all.push_back(choice);
  }
  const std::vector<std::pair<std::string, std::string>> both{{"log", "log"}, {"linear", "linear"}};
  if (chart.x_tick_names.empty()) all.push_back({"x", "x", both});
  all.push_back({"y", "y", both});
  if (std::ranges::any_of(chart.views, [](const View& view) { return view.y_most.has_value(); })) {
    all.push_back({"range", "range", {{"usual", "usual"}, {"everything", "everything"}}});
  }
  const std::vector<Series>& series = chart.views.front().series;
  if (series.size() > 2) {
    Choice choice{"curves", "curves", {{"all", "all"}, {"none", "none"}}};
    if (std::ranges::any_of(series, &Series::aside)) {
      choice.values.insert(choice.values.begin(), {"few", "few"});
    }
    all.push_back(choice);
  }
  return all;
}

std::string controls(const LineChart& chart) {
  std::string html = "<div class=\"controls\">\n";
  for (const Choice& choice : choices(chart)) {
    html += fmt::format(
        "<span class=\"choice\" role=\"group\" aria-label=\"{0}\"><span aria-hidden=\"true\">{0}"
        "</span><span class=\"buttons\">",
        choice.name);
    for (const auto& [value, text] : choice.values) {
      html +=
          fmt::format("<button type=\"button\" data-choice=\"{}\" data-value=\"{}\">{}</button>",
                      choice.attribute, value, escaped(text));
    }
    html += "</span></span>\n";
  }
  return html + "</div>\n";
}

std::string legend_item(const Series& series, size_t row) {
  const std::string marker =
      series.look.marker == Look::kNoMarker
          ? ""
          : fmt::format("<use class=\"marker\" href=\"#k{}\" transform=\"translate(13 6)\"/>",
                        series.look.marker);
  return fmt::format(
      "<li><button type=\"button\"{} data-row=\"{}\" aria-pressed=\"{}\"><svg class=\"sample {}\" "
      "aria-hidden=\"true\" viewBox=\"0 0 26 12\"><path class=\"line\" {}d=\"M0 6h26\"/>{}</svg>"
      "<span class=\"name\">{}</span></button></li>\n",
      series.aside ? " class=\"off\" data-aside" : "", row, !series.aside,
      colour_class(series.look), dash_attribute(series.look), marker, escaped(series.label));
}

/// In the order in which the lines of the first view end, from the top; then those that end before
/// others do, and what is off at first.
std::string legend(const LineChart& chart, RowNumbers& rows) {
  const View& view = chart.views.front();
  const auto ends = first_line_ends(chart);
  constexpr double kNowhere = 1e9;
  std::vector<size_t> order(view.series.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::ranges::stable_sort(order, {}, [&](size_t i) {
    return std::pair(view.series[i].aside, ends[i].value_or(kNowhere));
  });
  std::string html = "<ul class=\"legend-list\" aria-label=\"Curves; each can be switched off\">\n";
  for (const size_t i : order) html += legend_item(view.series[i], rows.of(view.series[i].label));
  return html + "</ul>\n";
}

}  // namespace

std::string line_figure(const LineChart& chart, RowNumbers& rows) {
  // One after the other: both number the rows that they meet first.
  const std::string drawings = view_drawings(chart, rows);
  const std::string list = legend(chart, rows);
  return controls(chart) + "<div class=\"drawn\">\n<div class=\"plot scroll\">\n" + drawings +
         "</div>\n" + list +
         "<div class=\"tip\" role=\"status\" aria-live=\"polite\" hidden></div>\n</div>\n";
}

}  // namespace lengthwise
