#include "report/figures/svg_line_chart.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/plain_text.h"
#include "report/assets/assets.h"
#include "report/figures/axis.h"
#include "report/figures/markup.h"
#include "report/figures/svg_legend.h"

namespace lengthwise {
namespace {

constexpr double kWidth = 760, kPlotHeight = 330;
constexpr double kLeft = 52, kTop = 44, kBottom = 46, kLegendGap = 12;
constexpr double kTitleHeight = 30, kSubtitleHeight = 16, kNoteHeight = 14;
constexpr double kLeastPlotWidth = 300;
constexpr double kCharacter = 6.4;                        // mean width of one at the labels' size
constexpr size_t kSubtitleWidth = 104, kNoteWidth = 112;  // characters of a line
constexpr size_t kMostMarkers = 20;                       // of a line; more would hide it
constexpr double kRoomX = 0.03, kRoomY = 0.05;

struct Frame {
  double left, top, width, height;

  double right() const { return left + width; }
  double bottom() const { return top + height; }
};

struct Plot {
  Frame frame;
  Axis x, y;

  double across(double value) const { return frame.left + x.place(value) * frame.width; }
  double down(double value) const { return frame.bottom() - y.place(value) * frame.height; }
};

bool drawable(const Plot& plot, double x, double y) {
  return std::isfinite(plot.across(x)) && std::isfinite(plot.down(y));
}

Axis x_axis(const LineChart& chart, const View& view) {
  std::vector<double> values = chart.x_ticks;
  for (const Series& series : view.series) {
    values.insert(values.end(), series.x.begin(), series.x.end());
  }
  for (const VerticalMark& mark : chart.marks) values.push_back(mark.x);
  return fitted_axis(values, chart.x_scale, kRoomX);
}

Axis y_axis(const View& view) {
  std::vector<double> values;
  for (const Series& series : view.series) {
    for (const auto* part : {&series.y, &series.low, &series.high}) {
      values.insert(values.end(), part->begin(), part->end());
    }
  }
  return fitted_axis(values, view.y_scale, kRoomY, view.y_most);
}

std::string text_at(double x, double y, std::string_view anchor, std::string_view css,
                    std::string_view text) {
  return fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"{}\" class=\"{}\">{}</text>\n",
                     x, y, anchor, css, escaped(text));
}

std::string line_at(std::string_view css, double x1, double y1, double x2, double y2) {
  return fmt::format(
      "<line class=\"{}\" x1=\"{:.1f}\" y1=\"{:.1f}\" x2=\"{:.1f}\" y2=\"{:.1f}\"/>\n", css, x1, y1,
      x2, y2);
}

/// Labels that would touch the one before keep only their tick.
std::string x_ticks_of(const LineChart& chart, const Plot& plot) {
  std::string svg;
  double last_end = -1e9;
  const std::vector<double> at_ticks = chart.x_ticks.empty() ? ticks(plot.x) : chart.x_ticks;
  for (size_t i = 0; i < at_ticks.size(); ++i) {
    const double at = plot.across(at_ticks[i]);
    const std::string text =
        chart.x_tick_names.empty() ? tick_text(at_ticks[i]) : chart.x_tick_names[i];
    const double half = static_cast<double>(character_count(text)) * kCharacter / 2 + 4;
    svg += line_at("axis", at, plot.frame.bottom(), at, plot.frame.bottom() + 4);
    if (at - half <= last_end) continue;
    last_end = at + half;
    svg += text_at(at, plot.frame.bottom() + 17, "middle", "tick", text);
  }
  return svg;
}

std::string axes(const LineChart& chart, const View& view, const Plot& plot) {
  const Frame& frame = plot.frame;
  std::string svg;
  for (const double tick : ticks(plot.y)) {
    const double at = plot.down(tick);
    svg += line_at("grid", frame.left, at, frame.right(), at);
    svg += text_at(frame.left - 7, at + 4, "end", "tick", tick_text(tick));
  }
  svg += line_at("axis", frame.left, frame.bottom(), frame.right(), frame.bottom());
  svg += x_ticks_of(chart, plot);
  svg +=
      text_at(frame.left + frame.width / 2, frame.bottom() + 36, "middle", "label", chart.x_label);
  svg += text_at(frame.left - 44, frame.top - 26, "start", "label", view.y_label);
  for (const VerticalMark& mark : chart.marks) {
    const double at = plot.across(mark.x);
    svg += line_at("mark", at, frame.top, at, frame.bottom());
    svg += text_at(at, frame.top - 7, "middle", "tick", mark.label);
  }
  return svg;
}

/// The band's outline a stretch without gaps: along `high`, and back along `low`.
std::string band_path(const Series& series, const Plot& plot) {
  std::string path, there, back;
  const auto close = [&] {
    if (!there.empty()) path += "M" + there.substr(1) + back + "Z";
    there.clear();
    back.clear();
  };
  for (size_t i = 0; i < series.low.size(); ++i) {
    const double x = series.x[i];
    if (!drawable(plot, x, series.low[i]) || !drawable(plot, x, series.high[i])) {
      close();
      continue;
    }
    there += fmt::format("L{:.2f} {:.2f}", plot.across(x), plot.down(series.high[i]));
    back = fmt::format("L{:.2f} {:.2f}", plot.across(x), plot.down(series.low[i])) + back;
  }
  close();
  return path;
}

std::string line_path(const Series& series, const Plot& plot) {
  std::string path;
  bool pen_down = false;
  for (size_t i = 0; i < series.x.size(); ++i) {
    if (!drawable(plot, series.x[i], series.y[i])) {
      pen_down = false;
      continue;
    }
    path += fmt::format("{}{:.2f} {:.2f}", pen_down ? "L" : "M", plot.across(series.x[i]),
                        plot.down(series.y[i]));
    pen_down = true;
  }
  return path;
}

std::string markers_of(const Series& series, const Plot& plot) {
  const std::string outline = marker_path(series.look);
  const auto points = std::ranges::count_if(series.y, [](double y) { return std::isfinite(y); });
  const bool alone = points == 1;  // has no line to find it by
  if (outline.empty() || (points > static_cast<int64_t>(kMostMarkers))) return {};
  std::string svg;
  for (size_t i = 0; i < series.x.size(); ++i) {
    if (!drawable(plot, series.x[i], series.y[i]) || !plot.y.shows(series.y[i])) continue;
    svg += fmt::format(
        "<path class=\"marker\" transform=\"translate({:.2f} {:.2f}) scale({})\" d=\"{}\"/>\n",
        plot.across(series.x[i]), plot.down(series.y[i]), alone ? 4.5 : 3.2, outline);
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
  if (const std::string band = band_path(series, plot); !band.empty() && !series.aside) {
    svg += fmt::format("<path class=\"band\" d=\"{}\"/>\n", band);
  }
  svg += fmt::format("<path class=\"line\" {}d=\"{}\"/>\n</svg>\n",
                     series.aside ? "" : dash_attribute(series.look), line_path(series, plot));
  return svg + (series.aside ? "" : markers_of(series, plot)) + "</g>\n";
}

/// Where a line ends, for its label; nothing where it ends before the plot does.
std::optional<double> end_of(const Series& series, const Plot& plot, double last_x) {
  for (size_t i = series.x.size(); i-- > 0;) {
    if (!drawable(plot, series.x[i], series.y[i])) continue;
    if (series.x[i] < last_x) return std::nullopt;
    return std::clamp(plot.down(series.y[i]), plot.frame.top, plot.frame.bottom());
  }
  return std::nullopt;
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
  double last_x = -INFINITY;
  for (const Series& series : view.series) {
    for (size_t i = 0; i < series.x.size(); ++i) {
      if (drawable(plot, series.x[i], series.y[i])) last_x = std::max(last_x, series.x[i]);
    }
  }
  std::string svg = axes(chart, view, plot);
  for (const Series& series : view.series) {  // below the others
    if (series.aside) svg += series_group(series, plot);
  }
  size_t entry = 0;
  for (const Series& series : view.series) {
    if (series.aside) continue;
    svg += series_group(series, plot);
    entries[entry++].wanted = end_of(series, plot, last_x);
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

std::string svg_line_chart(const LineChart& chart, SvgUse use) {
  const View& view = chart.views.front();
  const std::vector<LegendEntry> entries = legend_entries(view);
  const bool alone = use == SvgUse::alone;
  const std::vector<std::string> notes = alone ? note_lines(chart) : std::vector<std::string>();

  const std::vector<std::string> subtitle = wrapped(chart.subtitle, kSubtitleWidth);
  const double above =
      kTop + (alone ? kTitleHeight + static_cast<double>(subtitle.size()) * kSubtitleHeight : 0);
  const double plot_width =
      std::max(kLeastPlotWidth, kWidth - kLeft - kLegendGap - legend_width(entries));
  const Frame frame{kLeft, above, plot_width, std::max(kPlotHeight, legend_height(entries))};
  const Plot plot{frame, x_axis(chart, view), y_axis(view)};
  const double width = frame.right() + kLegendGap + legend_width(entries);
  const double height = frame.bottom() + kBottom + static_cast<double>(notes.size()) * kNoteHeight +
                        (notes.empty() ? 0 : 8);

  std::string svg = fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"chart\" role=\"img\" aria-label=\"{2}\" "
      "viewBox=\"0 0 {0:.0f} {1:.0f}\" width=\"{0:.0f}\" height=\"{1:.0f}\">\n",
      width, height, escaped(chart.title));
  if (alone) {
    svg += fmt::format("<style>{}</style>\n<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n",
                       kChartStyle);
    svg += text_at(8, 24, "start", "title", chart.title);
    for (size_t i = 0; i < subtitle.size(); ++i) {
      svg +=
          text_at(8, 42 + static_cast<double>(i) * kSubtitleHeight, "start", "label", subtitle[i]);
    }
  }
  svg += drawn(chart, view, plot, entries);
  double y = frame.bottom() + kBottom + 8;
  for (const std::string& line : notes) {
    svg += text_at(8, y, "start", "tick", line);
    y += kNoteHeight;
  }
  return svg + "</svg>\n";
}

}  // namespace lengthwise
