#pragma once

#include <string>
#include <vector>

#include "report/figures/chart.h"

namespace lengthwise {

/// A number as a figure's tooltip has it: four significant digits; whole numbers with commas from a
/// thousand on; "1.234e+6" from a million on and below a ten-thousandth.
std::string tooltip_number(double value);

/// Where a chart's views have points, ascending.
std::vector<double> point_positions(const LineChart& chart);

/// The series' value at each position, with its interval where it has one: "4.950 [4.900, 5.000]";
/// between semicolons, empty where it has no point.
std::string point_values(const Series& series, const std::vector<double>& positions);

}  // namespace lengthwise
