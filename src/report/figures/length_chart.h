#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "report/comparison/comparison.h"
#include "report/figures/chart.h"

namespace lengthwise {

// Charts of a comparison against eval_length, on a logarithmic axis.

/// A value and its interval, or the lowest and highest of several seeds.
struct Spread {
  double mean, low, high;
};

/// Of a cell that was measured.
using SpreadOf = std::function<Spread(size_t row, size_t column)>;
/// A series a row, in the order of the table; with a band where any value of it is spread.
std::vector<Series> series_by_length(const Comparison& comparison, const SpreadOf& spread_of);

/// Axis, the train lengths as marks, and the note on what stands aside; without views.
LineChart chart_by_length(const Comparison& comparison, std::string title, std::string subtitle);

/// "Without positions beyond a limit: learned (64).", where there are such rows.
void add_limit_note(LineChart& chart, const Comparison& comparison);

/// Evaluation speed, and as a second view peak memory.
LineChart cost_chart(const Comparison& comparison);

}  // namespace lengthwise
