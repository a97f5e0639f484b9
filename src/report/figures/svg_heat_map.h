#pragma once

#include <string>

#include "report/figures/chart.h"

namespace lengthwise {

/// An <svg> element for the page: a cell a value, from dark violet (0) to yellow (1), which differ
/// in lightness for every eye and in grey print; the value is written into the cell and, exactly,
/// into its tooltip. What is not finite is an outline.
std::string svg_heat_map(const HeatMap& map);

}  // namespace lengthwise
