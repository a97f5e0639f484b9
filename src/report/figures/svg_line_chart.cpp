#include "report/figures/svg_line_chart.h"

#include <fmt/format.h>

#include <algorithm>

#include "report/assets/assets.h"
#include "report/figures/markup.h"
#include "report/figures/plot.h"
#include "report/figures/svg_legend.h"

namespace lengthwise {
namespace {

constexpr double kWidth = 760, kPlotHeight = 330, kLegendGap = 12;
constexpr double kTitleHeight = 30, kSubtitleHeight = 16, kNoteHeight = 14;
constexpr double kLeastPlotWidth = 300;
constexpr size_t kSubtitleWidth = 104, kNoteWidth = 112;  // characters of a line
constexpr int kDecimals = 2;

std::string axes(const LineChart& chart, const View& view, const Plot& plot) {
  return y_grid(plot) + x_axis_below(chart, plot) + y_label(view, plot) +
         vertical_marks(chart, plot);
}

std::string markers_of(const Series& series, const Plot& plot) {
  if (!has_markers(series)) return {};
  std::string svg;
  for (const PlotPoint& point : points_inside(series, plot)) {
    svg += fmt::format(
        "<path class=\"marker\" transform=\"translate({:.2f} {:.2f}) scale({})\" d=\"{}\"/>\n",
        point.across, point.down, is_lone_point(series) ? kLoneMarkerRadius : kMarkerRadius,
        marker_path(series.look));
  }
  return svg;
}

/// Lines and bands in an <svg> of their own, which cuts off what leaves the plot.
std::string series_group(const Series& series, const Plot& plot) {
  const Frame& frame = plot.frame;
  std::string svg =
      fmt::format("<g class=\"series {}\" data-label=\"{}\">\n",
                  series.aside ? "aside" : colour_class(series.look), escaped(series.label));
  svg += fmt::format(
      "<svg x=\"{0:.1f}\" y=\"{1:.1f}\" width=\"{2:.1f}\" height=\"{3:.1f}\" "
      "viewBox=\"{0:.1f} {1:.1f} {2:.1f} {3:.1f}\">\n",
      frame.left, frame.top, frame.width, frame.height);
  if (const auto band = band_path(series, plot, kDecimals); !band.empty() && !series.aside) {
    svg += fmt::format("<path class=\"band\" d=\"{}\"/>\n", band);
  }
  svg += fmt::format("<path class=\"line\" {}d=\"{}\"/>\n</svg>\n",
                     series.aside ? "" : dash_attribute(series.look),
                     line_path(series, plot, kDecimals));
  return svg + (series.aside ? "" : markers_of(series, plot)) + "</g>\n";
}

std::vector<LegendEntry> legend_entries(const View& view) {
  std::vector<LegendEntry> entries;
  for (const Series& series : view.series) {
    if (!series.aside) entries.push_back(legend_entry(series));
  }
  return entries;
}

std::string drawn(const LineChart& chart, const View& view, const Plot& plot,
                  std::vector<LegendEntry> entries) {
  std::string svg = axes(chart, view, plot);
  for (const Series& series : view.series) {  // below the others
    if (series.aside) svg += series_group(series, plot);
  }
  const auto ends = line_ends(view, plot);
  size_t entry = 0;
  for (size_t i = 0; i < view.series.size(); ++i) {
    if (view.series[i].aside) continue;
    svg += series_group(view.series[i], plot);
    entries[entry++].wanted = ends[i];
  }
  return svg + svg_legend(std::move(entries), plot.frame.right() + kLegendGap, plot.frame.top,
                          plot.frame.bottom());
}

std::vector<std::string> note_lines(const LineChart& chart) {
  std::vector<std::string> lines;
  for (const std::string& note : chart.notes) {
    for (std::string& line : wrapped(note, kNoteWidth)) lines.push_back(std::move(line));
  }
  return lines;
}

}  // namespace

std::string svg_line_chart(const LineChart& chart) {
  const View& view = chart.views.front();
  const std::vector<LegendEntry> entries = legend_entries(view);
  const std::vector<std::string> notes = note_lines(chart);
  const std::vector<std::string> subtitle = wrapped(chart.subtitle, kSubtitleWidth);
  const double above =
      kAxisTop + kTitleHeight + static_cast<double>(subtitle.size()) * kSubtitleHeight;
  const double plot_width =
      std::max(kLeastPlotWidth, kWidth - kAxisLeft - kLegendGap - legend_width(entries));
  const Frame frame{kAxisLeft, above, plot_width, std::max(kPlotHeight, legend_height(entries))};
  const Plot plot{frame, x_axis(chart, {&view, 1}, chart.x_scale),
                  y_axis(view, view.y_scale, view.y_most)};
  const double width = frame.right() + kLegendGap + legend_width(entries);
  const double height = frame.bottom() + kAxisBottom +
                        static_cast<double>(notes.size()) * kNoteHeight + (notes.empty() ? 0 : 8);

  std::string svg = fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"chart\" role=\"img\" aria-label=\"{2}\" "
      "viewBox=\"0 0 {0:.0f} {1:.0f}\" width=\"{0:.0f}\" height=\"{1:.0f}\">\n",
      width, height, escaped(chart.title));
  svg += fmt::format("<style>{}</style>\n<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n",
                     kChartStyle);
  svg += svg_text(8, 24, "start", "title", chart.title);
  for (size_t i = 0; i < subtitle.size(); ++i) {
    svg +=
        svg_text(8, 42 + static_cast<double>(i) * kSubtitleHeight, "start", "label", subtitle[i]);
  }
  svg += drawn(chart, view, plot, entries);
  double y = frame.bottom() + kAxisBottom + 8;
  for (const std::string& line : notes) {
    svg += svg_text(8, y, "start", "tick", line);
    y += kNoteHeight;
  }
  return svg + "</svg>\n";
}

}  // namespace lengthwise
