#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "report/comparison/text_comparison.h"
#include "report/tables/marked_table.h"

namespace lengthwise {

/// What every number of the comparison is: "perplexity on ideal_reader: test split, non_overlapping
/// windows, stride = eval_length, 65,536 tokens scored at every length".
std::string title_line(const TextComparison& comparison);

/// A row a scheme and train_length, a column an eval_length, a cell the mean over seeds of the
/// perplexity with ± half of its 95 % interval, or its bounds where the halves differ
/// (spread_text.h), or, where none was computed, ± the sample standard deviation over seeds; "–"
/// beyond the scheme's limit, blank where nothing was measured. The best of a column is marked with
/// * in the terminal and bold in Markdown, what cannot be told from it with ~ in both.
std::string terminal_table(const TextComparison& comparison);
std::string markdown_table(const TextComparison& comparison);

/// The same in long form, a line a cell that is not blank, at full precision, with bits per byte
/// and perplexity per word where the scored tokens stand for a whole text. Empty where there is no
/// number: perplexity_std below two seeds, everything measured beyond the scheme's limit.
std::string csv_table(const TextComparison& comparison);

/// The first table for other renderings: the heading first, the ideal reader last where there is
/// one.
std::vector<std::vector<TableCell>> table_cells(const TextComparison& comparison);
/// The lines under it that say how to read it, with what marks the best of a column; only what
/// occurs in it.
std::vector<std::string> table_explanations(const TextComparison& comparison,
                                            std::string_view best_mark);

}  // namespace lengthwise
