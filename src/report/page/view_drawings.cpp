#include "report/page/view_drawings.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

#include "base/number_text.h"
#include "base/plain_text.h"
#include "report/figures/markup.h"
#include "report/figures/plot.h"
#include "report/figures/svg_legend.h"
#include "report/page/point_values.h"

namespace lengthwise {
namespace {

constexpr Frame kFrame{kAxisLeft, kAxisTop, 660, 350};
constexpr double kWidth = kFrame.left + kFrame.width + 10;
constexpr double kHeight = kFrame.top + kFrame.height + kAxisBottom;
constexpr int kDecimals = 1;

const char* name_of(Scale scale) {
  return scale == Scale::linear ? "linear" : "log";
}

bool any_not_positive(const std::vector<double>& values) {
  return std::ranges::any_of(values, [](double value) { return value <= 0; });
}

/// The scales an axis is drawn at, `first` before the other.
std::vector<Scale> scales(Scale first, bool positive) {
  if (!positive) return {Scale::linear};
  return {first, first == Scale::linear ? Scale::logarithmic : Scale::linear};
}

std::vector<Scale> x_scales(const LineChart& chart) {
  if (!chart.x_tick_names.empty()) return {chart.x_scale};  // kinds, no numbers
  bool positive = true;
  for (const View& view : chart.views) {
    for (const Series& series : view.series) positive = positive && !any_not_positive(series.x);
  }
  return scales(chart.x_scale, positive);
}

std::vector<Scale> y_scales(const View& view) {
  bool positive = true;
  for (const Series& series : view.series) positive = positive && !any_not_positive(series.y);
  return scales(view.y_scale, positive);
}

std::string shown_class(bool shown) {
  return shown ? " shown" : "";
}

/// A marker at each point of a line, as a CSS property of it.
std::string marker_style(const Look& look) {
  return fmt::format("style=\"marker:url(#m{}-{})\" ", look.colour, look.marker);
}

/// A marker where it has no line.
std::string lone_marker(const Series& series, const Plot& plot) {
  std::string svg;
  for (size_t i = 0; i < series.x.size(); ++i) {
    if (!plot.has_place(series.x[i], series.y[i])) continue;
    svg += fmt::format(
        "<use class=\"marker\" href=\"#k{}\" transform=\"translate({:.1f} {:.1f}) "
        "scale({:.2f})\"/>",
        series.look.marker, plot.across(series.x[i]), plot.down(series.y[i]),
        kLoneMarkerRadius / kMarkerRadius);
  }
  return svg;
}

std::string series_group(const Series& series, size_t row, const std::string& values,
                         const Plot& plot) {
  std::string svg =
      fmt::format("<g class=\"series {}{}\" data-row=\"{}\" data-values=\"{}\">",
                  colour_class(series.look), series.aside ? " off" : "", row, escaped(values));
  if (const std::string band = band_path(series, plot, kDecimals); !band.empty()) {
    svg += fmt::format("<path class=\"band\" d=\"{}\"/>", band);
  }
  const bool marked = has_markers(series), lone = is_lone_point(series);
  svg += fmt::format("<path class=\"line\" {}{}d=\"{}\"/>", dash_attribute(series.look),
                     marked && !lone ? marker_style(series.look) : "",
                     line_path(series, plot, kDecimals));
  return svg + (marked && lone ? lone_marker(series, plot) : "") + "</g>\n";
}

/// Those that are off at first lie below the others.
std::vector<const Series*> below_first(const View& view) {
  std::vector<const Series*> all;
  for (const bool aside : {true, false}) {
    for (const Series& series : view.series) {
      if (series.aside == aside) all.push_back(&series);
    }
  }
  return all;
}

std::string curves(const View& view, const Plot& plot, const std::vector<double>& positions,
                   RowNumbers& rows) {
  // An <svg> of its own cuts off what leaves the plot.
  std::string svg = fmt::format(
      "<svg class=\"curves\" x=\"{0}\" y=\"{1}\" width=\"{2}\" height=\"{3}\" "
      "viewBox=\"{0} {1} {2} {3}\">\n",
      kFrame.left, kFrame.top, kFrame.width, kFrame.height);
  for (const Series* series : below_first(view)) {
    svg += series_group(*series, rows.of(series->label), point_values(*series, positions), plot);
  }
  return svg + "</svg>\n";
}

std::string axis_attributes(char name, const Axis& axis) {
  return fmt::format("data-{0}=\"{1}\" data-{0}-least=\"{2:.9g}\" data-{0}-most=\"{3:.9g}\"", name,
                     name_of(axis.scale), axis.least, axis.most);
}

/// Every view at every scale of its axes; its curves in the first of them.
std::string drawings(const LineChart& chart, const std::vector<double>& positions,
                     RowNumbers& rows) {
  std::string svg;
  for (size_t i = 0; i < chart.views.size(); ++i) {
    const View& view = chart.views[i];
    bool first_of_view = true;
    for (const Scale x : x_scales(chart)) {
      for (const Scale y : y_scales(view)) {
        for (const bool usual : {true, false}) {
          if (!usual && !view.y_most) continue;
          const Plot plot{kFrame, x_axis(chart, chart.views, x),
                          y_axis(view, y, usual ? view.y_most : std::nullopt)};
          svg += fmt::format(
              "<g class=\"drawing{}\" data-view=\"{}\" {} {} data-range=\"{}\">\n"
              "<g class=\"y-axis\">\n{}{}</g>\n",
              shown_class(svg.empty()), i, axis_attributes('x', plot.x),
              axis_attributes('y', plot.y), usual ? "usual" : "everything", y_grid(plot),
              y_label(view, plot));
          if (first_of_view) svg += curves(view, plot, positions, rows);
          svg += "</g>\n";
          first_of_view = false;
        }
      }
    }
  }
  return svg;
}

/// They are the same for all views.
std::string x_axes(const LineChart& chart) {
  std::string svg;
  for (const Scale scale : x_scales(chart)) {
    const Plot plot{kFrame, x_axis(chart, chart.views, scale), {}};
    const std::string shown = shown_class(svg.empty());
    svg += fmt::format("<g class=\"x-axis{0}\" data-x=\"{1}\">\n{2}</g>\n", shown, name_of(scale),
                       x_axis_below(chart, plot));
    svg += fmt::format("<g class=\"x-marks{0}\" data-x=\"{1}\">\n{2}</g>\n", shown, name_of(scale),
                       vertical_marks(chart, plot));
  }
  return svg;
}

/// What the tooltip calls a position along x: a kind of token has a name, a length is a number.
std::string position_name(const LineChart& chart, double x) {
  const auto tick = std::ranges::find(chart.x_ticks, x);
  const auto i = static_cast<size_t>(tick - chart.x_ticks.begin());
  if (i < chart.x_tick_names.size()) return one_line(chart.x_tick_names[i]);
  return x == std::round(x) ? format_count(std::llround(x)) : tooltip_number(x);
}

}  // namespace

std::string view_drawings(const LineChart& chart, RowNumbers& rows) {
  const std::vector<double> positions = point_positions(chart);
  std::vector<std::string> names;
  for (const double position : positions) names.push_back(position_name(chart, position));
  std::string svg = fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"chart\" role=\"img\" tabindex=\"0\" "
      "aria-label=\"{}\" viewBox=\"0 0 {} {}\" data-top=\"{}\" data-bottom=\"{}\" "
      "data-x-label=\"{}\" data-x-names=\"{}\">\n",
      escaped(chart.title), kWidth, kHeight, kFrame.top, kFrame.bottom(), escaped(chart.x_label),
      escaped(fmt::format("{}", fmt::join(names, "\n"))));
  return svg + x_axes(chart) + drawings(chart, positions, rows) + "</svg>\n";
}

std::vector<std::optional<double>> first_line_ends(const LineChart& chart) {
  const View& view = chart.views.front();
  return line_ends(view, {kFrame, x_axis(chart, chart.views, x_scales(chart).front()),
                          y_axis(view, y_scales(view).front(), view.y_most)});
}

std::string marker_definitions() {
  std::string svg =
      "<svg class=\"definitions\" aria-hidden=\"true\" width=\"0\" height=\"0\"><defs>\n";
  for (int marker = 0; marker < Look::kMarkers; ++marker) {
    svg += fmt::format("<path id=\"k{}\" transform=\"scale({})\" d=\"{}\"/>\n", marker,
                       kMarkerRadius, marker_path({0, marker, 0}));
    // A marker takes its colour from where it is defined, not from the line that has it.
    for (int colour = 0; colour < Look::kColours; ++colour) {
      svg += fmt::format(
          "<marker id=\"m{0}-{1}\" class=\"c{0}\" markerUnits=\"userSpaceOnUse\" "
          "overflow=\"visible\"><use href=\"#k{1}\"/></marker>\n",
          colour, marker);
    }
  }
  return svg + "</defs></svg>\n";
}

}  // namespace lengthwise
