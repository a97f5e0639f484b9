#pragma once

#include <string>

#include "report/figures/chart.h"
#include "report/page/view_drawings.h"

namespace lengthwise {

/// A chart as the inside of a <figure class="lines">: buttons that choose among its drawings, these
/// (view_drawings.h), a legend whose buttons switch rows, and an empty .tip for the values under
/// the pointer. The script (assets/line_figure.js) finds
///
/// - button[data-choice]: the attribute of a drawing that it chooses, without "data-", to be its
///   data-value; "curves" are "few", "all" and "none".
/// - .legend-list button: data-row; data-aside where it is not one of the few. `off`: switched off.
std::string line_figure(const LineChart& chart, RowNumbers& rows);

}  // namespace lengthwise
