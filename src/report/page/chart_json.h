#pragma once

#include <string>

#include "report/figures/chart.h"

namespace lengthwise {

/// A chart for the page's script: x_label, x_scale ("linear", "logarithmic"), x_ticks,
/// x_tick_names, marks, and views with name, y_label, y_scale, y_most and series of label, colour
/// (a CSS class), dash, marker, x, y, low, high, aside. Numbers read back as the same doubles; null
/// where not finite. Every < is written as \u003c, so that the text can stand in a <script> element
/// whatever it holds.
std::string chart_json(const LineChart& chart);

}  // namespace lengthwise
