#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "report/figures/axis.h"
#include "report/figures/chart.h"

namespace lengthwise {

// A line chart's geometry and what every drawing of it shares: the figure that stands alone
// (svg_line_chart.h) and those of the page (page/view_drawings.h). All lengths are pixels.

/// A part of a drawing, from its top left corner on.
struct Frame {
  double left, top, width, height;

  double right() const { return left + width; }
  double bottom() const { return top + height; }
};

/// What the axes take of a drawing: left of the frame, above it for the marks and the y label,
/// below it for the ticks and the x label.
inline constexpr double kAxisLeft = 52, kAxisTop = 44, kAxisBottom = 46;

/// A frame with its axes. On a logarithmic axis what is not positive has no place.
struct Plot {
  Frame frame;
  Axis x, y;

  double across(double value) const { return frame.left + x.place(value) * frame.width; }
  double down(double value) const { return frame.bottom() - y.place(value) * frame.height; }
  /// Whether a point has a place, inside the frame or beyond.
  bool has_place(double at_x, double at_y) const;
};

/// The axis that holds the x of all these views, the chart's ticks and its marks.
Axis x_axis(const LineChart& chart, std::span<const View> views, Scale scale);
/// The axis that holds the view's lines and bands, as far as they are not above `most`.
Axis y_axis(const View& view, Scale scale, std::optional<double> most);

/// Elements: a horizontal line a tick of y, with its number.
std::string y_grid(const Plot& plot);
/// The axis below the frame: ticks and their labels, as many as have room, and the chart's x_label.
std::string x_axis_below(const LineChart& chart, const Plot& plot);
/// The label above the y axis.
std::string y_label(const View& view, const Plot& plot);
/// The chart's vertical marks.
std::string vertical_marks(const LineChart& chart, const Plot& plot);

/// `d` of a path with so many decimals: the points of a series that have a place, joined where they
/// are neighbours.
std::string line_path(const Series& series, const Plot& plot, int decimals);
/// The band's outline, a stretch without gaps after the other: along `high`, and back along `low`.
/// Empty: no band.
std::string band_path(const Series& series, const Plot& plot, int decimals);

/// Whether a series has markers at its points: a line of many does not, as they would hide it.
bool has_markers(const Series& series);
/// A marker's radius; larger where a point is alone and has no line to find it by.
inline constexpr double kMarkerRadius = 3.2, kLoneMarkerRadius = 4.5;
bool is_lone_point(const Series& series);
struct PlotPoint {
  double across, down;
};
/// The points inside the frame.
std::vector<PlotPoint> points_inside(const Series& series, const Plot& plot);

/// Where each line ends, for its label; nothing for one that ends before others do.
std::vector<std::optional<double>> line_ends(const View& view, const Plot& plot);

}  // namespace lengthwise
