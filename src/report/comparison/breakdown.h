#pragma once

#include <optional>
#include <vector>

#include "report/comparison/text_comparison.h"
#include "report/statistics/token_sums.h"

namespace lengthwise {

/// Breakdowns of a comparison are filled a column and a row at a time, with every bin there is;
/// in the end the bins that no token fell into at any length are dropped.
std::vector<Breakdown> empty_breakdowns(const std::vector<Partition>& partitions, size_t rows,
                                        size_t columns);

/// The numbers of tokens at a length, and the exact reader's losses where there is one.
void add_column(std::vector<Breakdown>& breakdowns, size_t column, const TokenSums& tokens,
                const std::optional<TokenSums>& ideal);

struct Place {
  size_t row, column;
};
/// A row's losses at a length, a TokenSums a seed.
void add_row(std::vector<Breakdown>& breakdowns, Place place, const std::vector<TokenSums>& seeds,
             const TokenSums& tokens, const std::optional<TokenSums>& ideal);

void drop_empty_bins(std::vector<Breakdown>& breakdowns);

}  // namespace lengthwise
