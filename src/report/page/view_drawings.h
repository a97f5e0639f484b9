#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "report/figures/chart.h"

namespace lengthwise {

/// A number a label, for data-row: what is switched off in one figure of a page is so in all.
class RowNumbers {
 public:
  size_t of(const std::string& label) {
    return numbers_.try_emplace(label, numbers_.size()).first->second;
  }

 private:
  std::map<std::string, size_t> numbers_;
};

/// Every view of a chart at every scale of its axes, as one <svg> of which one drawing is shown.
/// The curves of a view stand in its first drawing alone: at another scale they are the same points
/// elsewhere, and the script moves them there (line_figure.js).
/// What the script needs is in classes and data attributes:
///
/// - svg.chart: data-top and data-bottom, of the plot; data-x-label; data-x-names, a line for each
///   position along x where any view has a point.
/// - .x-axis, .x-marks: data-x ("log", "linear"). `shown`, or not.
/// - .drawing: data-view (its number), data-x, data-y ("log", "linear") with data-x-least,
///   data-x-most and those of y, where the plot ends; data-range ("usual": up to y_most,
///   "everything"). The first of a view is how it is shown at first, the first of all is `shown`.
///   Without a logarithm where something is not positive.
/// - .curves: the <svg> of a view's curves, whose x, y, width and height are the plot's.
/// - .series: data-row (RowNumbers), data-values (point_values.h). Its .line has a point for each
///   that is not empty. `off`: not shown.
std::string view_drawings(const LineChart& chart, RowNumbers& rows);

/// Where the lines of the drawing that is shown at first end, from the top; nothing for one that
/// ends before others do.
std::vector<std::optional<double>> first_line_ends(const LineChart& chart);

/// The markers that the drawings and legends of a page use, once a page: "#kM" marker M of a look,
/// "#mC-M" the same in colour C for the points of a line.
std::string marker_definitions();

}  // namespace lengthwise
