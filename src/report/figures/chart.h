#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace lengthwise {

// What a figure shows, apart from how it is drawn: as a file that stands alone (svg_line_chart.h)
// or in a page (svg_heat_map.h, page/view_drawings.h).

enum class Scale { linear, logarithmic };

/// How a line is told from others, with any colour vision and in grey print: a place in the
/// palette of assets/chart.css, one of the markers and a dash pattern (looks.h chooses). kInk is
/// the colour of text.
struct Look {
  static constexpr int kInk = -1, kNoMarker = -1;
  static constexpr int kColours = 8, kMarkers = 10, kDashes = 10;
  int colour = kInk;
  int marker = kNoMarker;
  int dash = 0;

  bool operator==(const Look&) const = default;
};

/// The lengths of dashes and gaps in pixels as SVG takes them; empty: solid.
std::string dash_text(const Look& look);
/// The outline of a marker of radius 1 around the origin, as an SVG path; empty: none.
std::string marker_path(const Look& look);

/// A line and the band around it. y, low and high have a value for each x; a value that is not
/// finite leaves a gap. Series of one label are one thing to the reader: switched off together.
struct Series {
  std::string label;
  Look look;
  std::vector<double> x, y;
  std::vector<double> low, high;  // both empty: no band
  /// One of too many: where nothing can be switched thin and grey, without a name; in a page off at
  /// first.
  bool aside = false;
};

/// One way of putting the same thing in numbers.
struct View {
  std::string name;     // on the switch: "nats per token"
  std::string y_label;  // beside the axis
  Scale y_scale = Scale::linear;
  std::optional<double> y_most;  // what is above leaves the plot at the top; else all is shown
  std::vector<Series> series;
};

struct VerticalMark {
  double x;
  std::string label;
};

struct LineChart {
  std::string title, subtitle;
  std::string x_label;
  Scale x_scale = Scale::linear;
  std::vector<double> x_ticks;            // empty: round numbers
  std::vector<std::string> x_tick_names;  // of kinds, a tick each; empty: the numbers
  std::vector<VerticalMark> marks;
  std::vector<View> views;  // of the same labels; the first is what a figure without buttons shows
  std::vector<std::string> notes;

  /// Whether any view has a point to draw.
  bool has_points() const;
};

/// Values in 0 ... 1 as shades; what is not finite stays blank.
struct HeatMap {
  std::string title, subtitle;
  std::string row_axis, column_axis;
  std::vector<std::string> row_labels, column_labels;
  std::vector<std::vector<double>> values;  // [rows][columns]
};

}  // namespace lengthwise
