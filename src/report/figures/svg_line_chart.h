#pragma once

#include <string>

#include "report/figures/chart.h"

namespace lengthwise {

/// The chart's first view as an <svg> element that stands alone, with title, notes, white ground
/// and style: thin horizontal grid, a line with markers and a band a series, the labels beside the
/// ends of their lines, vertical marks. Each series is a <g class="series cN"> whose data-label is
/// its label.
std::string svg_line_chart(const LineChart& chart);

}  // namespace lengthwise
