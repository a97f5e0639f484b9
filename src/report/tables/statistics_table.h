#pragma once

#include <string>
#include <vector>

#include "base/text_grid.h"
#include "report/comparison/text_comparison.h"

namespace lengthwise {

/// The table of perplexities (report/tables/table.h), then, where the corpus has an exact reader,
/// the gaps to it, then which rows are not told from the best.
std::string terminal_report(const TextComparison& comparison);

/// What stands below a table of perplexities: which rows are not told from the best, the gaps, and
/// the breakdowns at the longest length.
std::string markdown_statistics(const TextComparison& comparison);

/// The gaps to the exact reader by length, and at the longest what they are made of; empty where
/// there is none. Below them stand gap_explanations().
std::vector<TextGrid> gap_grids(const TextComparison& comparison);
const std::vector<std::string>& gap_explanations();

/// A line a pair of rows and length: the paired difference of their nats a token and its interval.
std::string differences_csv(const TextComparison& comparison);
/// A line a cell: GapToIdeal with its intervals. The heading alone where there is no exact reader.
std::string gaps_csv(const TextComparison& comparison);
/// A line a cell and kind of token, of every breakdown; the exact reader is a row of its own.
std::string breakdowns_csv(const TextComparison& comparison);

}  // namespace lengthwise
