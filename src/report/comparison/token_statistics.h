#pragma once

#include "report/comparison/text_comparison.h"

namespace lengthwise {

/// Reads the stored value of every scored token, and the tokens themselves, and adds all that
/// follows from them: intervals (report/statistics/bootstrap.h) over blocks of tokens
/// (report/statistics/blocks.h) and seeds, differences between rows, breakdowns by kind of token
/// (report/statistics/partition.h), the exact reader computed again and the rows' gaps to it, bytes
/// and words. No model is needed, and one file of values is held at a time.
///
/// UserError where a file is missing, damaged or not finite; where the windows, planned again from
/// what the file says of them, do not score the tokens it holds; where folders hold other tokens;
/// where the ideal of a line is not what its reader gives.
void add_token_statistics(TextComparison& comparison);

}  // namespace lengthwise
