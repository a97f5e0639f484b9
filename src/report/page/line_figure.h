#pragma once

#include <cstddef>
#include <map>
#include <string>

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

/// A chart as a <figure class="lines"> of a page: every view at every scale of its axes, drawn, of
/// which one is shown; buttons that choose; a legend whose buttons switch rows. What the script
/// (assets/page.js) needs is in classes and data attributes:
///
/// - svg.chart: data-x-names, a line a position along x.
/// - .x-axis: data-x ("log", "linear"); data-at, the positions along x in pixels. `shown`, or not.
/// - .drawing: data-view (its number), data-x, data-y ("log", "linear"), data-range ("usual": up to
///   y_most, "everything"). The first of a view is how it is shown at first, the first of all is
///   `shown`. Without a logarithm where something is not positive.
/// - .series: data-row (RowNumbers); in the first drawing of a view data-values, a text a position
///   along x, between semicolons: "4.950 [4.900, 5.000]", or nothing where there is no point. The
///   points of its .line are those with a text. `off`: not shown.
/// - button[data-choice]: the attribute that it sets, without "data-", to its data-value; "curves"
///   are "few", "all" and "none".
/// - .legend-list button: data-row; data-aside where it is not one of the few. `off`: switched off.
std::string line_figure(const LineChart& chart, RowNumbers& rows);

/// The markers that the figures of a page use, once a page.
std::string marker_definitions();

}  // namespace lengthwise
