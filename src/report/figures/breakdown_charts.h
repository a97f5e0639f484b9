#pragma once

#include <vector>

#include "report/comparison/text_comparison.h"
#include "report/figures/chart.h"

namespace lengthwise {

/// A chart a breakdown of the comparison: nats per token against the kind of token, a view an
/// eval_length from the longest on, a series a row and the exact reader where there is one. The
/// band is 1.96 standard errors wide at either side.
std::vector<LineChart> breakdown_charts(const TextComparison& comparison);

}  // namespace lengthwise
