#pragma once

#include "report/comparison/text_comparison.h"
#include "report/figures/chart.h"

namespace lengthwise {

/// Perplexity against eval_length, both logarithmic; as further views nats per token and, where
/// there is an exact ideal reader, the gap to it. A series a row of the table, in its order, the
/// band its 95 % interval, or without one from the lowest to the highest seed, and the ideal
/// reader; the train lengths as vertical marks. Shown are perplexities up to four times what is
/// usual at the train length (the median over rows), so that one failing scheme does not flatten
/// all others; the notes say which leave the plot, and which schemes have a limit.
LineChart perplexity_chart(const TextComparison& comparison);

}  // namespace lengthwise
