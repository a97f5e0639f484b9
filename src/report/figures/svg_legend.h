#pragma once

#include <optional>
#include <string>
#include <vector>

#include "report/figures/chart.h"

namespace lengthwise {

/// A label with a sample of its line. It stands as near as the others allow to where it is wanted;
/// those wanted nowhere stand at the bottom.
struct LegendEntry {
  Look look;
  std::vector<std::string> lines;
  std::optional<double> wanted;  // pixels from the top
};

LegendEntry legend_entry(const Series& series);

/// In pixels.
double legend_width(const std::vector<LegendEntry>& entries);
double legend_height(const std::vector<LegendEntry>& entries);

/// The entries one below the other between `top` and `bottom`, from `left` on.
std::string svg_legend(std::vector<LegendEntry> entries, double left, double top, double bottom);

/// "c3", or "ink": the class that sets `color`.
std::string colour_class(const Look& look);
/// As an attribute with a space behind it; empty for a solid line.
std::string dash_attribute(const Look& look);

}  // namespace lengthwise
