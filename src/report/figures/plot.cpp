#include "report/figures/plot.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/plain_text.h"
#include "report/figures/markup.h"

namespace lengthwise {
namespace {

constexpr double kCharacter = 6.4;   // mean width of one at the labels' size
constexpr size_t kMostMarkers = 20;  // of a line
constexpr double kRoomX = 0.03, kRoomY = 0.05;

size_t finite_points(const Series& series) {
  return static_cast<size_t>(
      std::ranges::count_if(series.y, [](double y) { return std::isfinite(y); }));
}

/// The last point of a series that has a place.
std::optional<size_t> last_point(const Series& series, const Plot& plot) {
  for (size_t i = series.x.size(); i-- > 0;) {
    if (plot.has_place(series.x[i], series.y[i])) return i;
  }
  return std::nullopt;
}

}  // namespace

bool Plot::has_place(double at_x, double at_y) const {
  return std::isfinite(across(at_x)) && std::isfinite(down(at_y));
}

Axis x_axis(const LineChart& chart, std::span<const View> views, Scale scale) {
  std::vector<double> values = chart.x_ticks;
  for (const View& view : views) {
    for (const Series& series : view.series) {
      values.insert(values.end(), series.x.begin(), series.x.end());
    }
  }
  for (const VerticalMark& mark : chart.marks) values.push_back(mark.x);
  return fitted_axis(values, scale, kRoomX);
}

Axis y_axis(const View& view, Scale scale, std::optional<double> most) {
  std::vector<double> values;
  for (const Series& series : view.series) {
    for (const auto* part : {&series.y, &series.low, &series.high}) {
      values.insert(values.end(), part->begin(), part->end());
    }
  }
  return fitted_axis(values, scale, kRoomY, most);
}

std::string y_grid(const Plot& plot) {
  const Frame& frame = plot.frame;
  std::string svg;
  for (const double tick : ticks(plot.y)) {
    const double at = plot.down(tick);
    svg += svg_line("grid", frame.left, at, frame.right(), at);
    svg += svg_text(frame.left - 7, at + 4, "end", "tick", tick_text(tick));
  }
  return svg;
}

std::string x_axis_below(const LineChart& chart, const Plot& plot) {
  const Frame& frame = plot.frame;
  std::string svg = svg_line("axis", frame.left, frame.bottom(), frame.right(), frame.bottom());
  double last_end = -1e9;
  const std::vector<double> at_ticks = chart.x_ticks.empty() ? ticks(plot.x) : chart.x_ticks;
  for (size_t i = 0; i < at_ticks.size(); ++i) {
    const double at = plot.across(at_ticks[i]);
    const std::string text =
        chart.x_tick_names.empty() ? tick_text(at_ticks[i]) : chart.x_tick_names[i];
    const double half = static_cast<double>(character_count(text)) * kCharacter / 2 + 4;
    svg += svg_line("axis", at, frame.bottom(), at, frame.bottom() + 4);
    // A label that would touch the one before is left out.
    if (at - half <= last_end) continue;
    last_end = at + half;
    svg += svg_text(at, frame.bottom() + 17, "middle", "tick", text);
  }
  return svg + svg_text(frame.left + frame.width / 2, frame.bottom() + 36, "middle", "label",
                        chart.x_label);
}

std::string y_label(const View& view, const Plot& plot) {
  return svg_text(plot.frame.left - 44, plot.frame.top - 26, "start", "label", view.y_label);
}

std::string vertical_marks(const LineChart& chart, const Plot& plot) {
  const Frame& frame = plot.frame;
  std::string svg;
  for (const VerticalMark& mark : chart.marks) {
    const double at = plot.across(mark.x);
    svg += svg_line("mark", at, frame.top, at, frame.bottom());
    svg += svg_text(at, frame.top - 7, "middle", "tick", mark.label);
  }
  return svg;
}

std::string line_path(const Series& series, const Plot& plot, int decimals) {
  std::string path;
  bool pen_down = false;
  for (size_t i = 0; i < series.x.size(); ++i) {
    const bool placed = plot.has_place(series.x[i], series.y[i]);
    if (placed) {
      path += fmt::format("{}{:.{}f} {:.{}f}", pen_down ? "L" : "M", plot.across(series.x[i]),
                          decimals, plot.down(series.y[i]), decimals);
    }
    pen_down = placed;
  }
  return path;
}

std::string band_path(const Series& series, const Plot& plot, int decimals) {
  std::string path, there, back;
  const auto close = [&] {
    if (!there.empty()) path += "M" + there.substr(1) + back + "Z";
    there.clear();
    back.clear();
  };
  const auto step = [&](double x, double y) {
    return fmt::format("L{:.{}f} {:.{}f}", plot.across(x), decimals, plot.down(y), decimals);
  };
  for (size_t i = 0; i < series.low.size(); ++i) {
    const double x = series.x[i];
    if (!plot.has_place(x, series.low[i]) || !plot.has_place(x, series.high[i])) {
      close();
      continue;
    }
    there += step(x, series.high[i]);
    back = step(x, series.low[i]) + back;
  }
  close();
  return path;
}

bool has_markers(const Series& series) {
  return series.look.marker != Look::kNoMarker && finite_points(series) <= kMostMarkers;
}

bool is_lone_point(const Series& series) {
  return finite_points(series) == 1;
}

std::vector<PlotPoint> points_inside(const Series& series, const Plot& plot) {
  std::vector<PlotPoint> points;
  for (size_t i = 0; i < series.x.size(); ++i) {
    if (!plot.has_place(series.x[i], series.y[i]) || !plot.y.shows(series.y[i])) continue;
    points.push_back({plot.across(series.x[i]), plot.down(series.y[i])});
  }
  return points;
}

std::vector<std::optional<double>> line_ends(const View& view, const Plot& plot) {
  double last_x = -INFINITY;
  for (const Series& series : view.series) {
    if (const auto last = last_point(series, plot)) last_x = std::max(last_x, series.x[*last]);
  }
  std::vector<std::optional<double>> ends;
  for (const Series& series : view.series) {
    const auto last = last_point(series, plot);
    ends.emplace_back();
    if (!last || series.x[*last] < last_x) continue;
    ends.back() = std::clamp(plot.down(series.y[*last]), plot.frame.top, plot.frame.bottom());
  }
  return ends;
}

}  // namespace lengthwise
