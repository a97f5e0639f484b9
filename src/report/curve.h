#pragma once

#include <string>
#include <vector>

#include "base/files.h"
#include "report/comparison.h"

namespace lengthwise {

/// Perplexity against eval_length, both logarithmic: a line a row of the table, in its order, the
/// band around it from the lowest to the highest seed; the train lengths as vertical marks and the
/// exact ideal reader where there is one. A scheme keeps its colour in every plot. Curves that fail
/// leave the plot at the top, and the plot says which.
///
/// Writes curve.svg and curve.png into the folder with the gnuplot program (errors: gnuplot.h);
/// UserError where nothing was measured.
void write_curves(const Comparison& comparison, const fs::path& folder);

/// The perplexities that the plot shows: up to four times what is usual at the train length (the
/// median over rows), so that one failing scheme does not flatten all others.
struct PerplexityRange {
  double least, most;
  bool capped;  // there are perplexities above `most`
};
PerplexityRange shown_range(const Comparison& comparison);

/// Round numbers within a range of a logarithmic axis, about four to nine of them.
std::vector<double> logarithmic_ticks(double least, double most);

}  // namespace lengthwise
