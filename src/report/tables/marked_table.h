#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/text_grid.h"
#include "report/comparison/comparison.h"

namespace lengthwise {

/// How a rendering marks the best of a column; `otherwise` keeps the digits of others in line.
struct Marks {
  std::string_view before, after, otherwise;
};

inline constexpr Marks kTerminalMarks{"", "*", " "}, kNoMarks{"", "", ""};

/// After a value that is not told from the best of its column.
inline constexpr std::string_view kTied = "~";
std::string tie_explanation(std::string_view best);  // "lowest"

/// A cell for renderings that mark the best by other means than text.
struct TableCell {
  std::string text;
  bool best = false;
};

/// The heading and a line for each row, up to the columns of the eval_lengths: scheme,
/// train_length, seeds and, where it is known of any row, what training took.
TextGrid rows_without_lengths(const Comparison& comparison);

inline constexpr std::string_view kTrainingExplanation =
    "train tokens/s, train MiB: as trained, the mean over runs and the largest peak memory of the "
    "process; they depend on the machine and on what ran beside.";

/// A grid of the comparison, whose rows come after the heading and whose eval_lengths are its last
/// columns, with the best of each column.
std::vector<std::vector<TableCell>> marked_cells(const TextGrid& grid,
                                                 const Comparison& comparison);

/// A table with its title above, and how to read it and the comparison's notes below.
struct TitledTable {
  std::string title;
  TextGrid grid;
  std::vector<std::string> explanations;
};
std::string terminal_text(const TitledTable& table, const Comparison& comparison);
/// The best of each column bold.
std::string markdown_text(const TitledTable& table, const Comparison& comparison);
std::string markdown_lines_of(const TextGrid& grid, const Comparison& comparison);

}  // namespace lengthwise
