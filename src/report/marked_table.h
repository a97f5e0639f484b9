#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "report/comparison.h"
#include "report/text_grid.h"

namespace lengthwise {

/// How a rendering marks the best of a column; `otherwise` keeps the digits of others in line.
struct Marks {
  std::string_view before, after, otherwise;
};

inline constexpr Marks kTerminalMarks{"", "*", " "}, kMarkdownMarks{"**", "**", ""},
    kNoMarks{"", "", ""};

/// A cell for renderings that mark the best by other means than text.
struct TableCell {
  std::string text;
  bool best = false;
};

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
std::string markdown_text(const TitledTable& table, const Comparison& comparison);

}  // namespace lengthwise
