#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace lengthwise {

/// Cells of a table as text; the first row is the heading, the first column stands to the left.
using TextGrid = std::vector<std::vector<std::string>>;

/// Columns in line, a rule under the heading; what would steer a terminal is a space.
std::string terminal_lines(const TextGrid& grid);
/// Cells as escaped by markdown_escaped; `bold`, where it is not empty, has a flag a cell.
std::string markdown_lines(const TextGrid& grid, const std::vector<std::vector<bool>>& bold = {});
/// RFC 4180, with line feeds alone. A cell that a spreadsheet would take for a formula, and that is
/// no number, has an apostrophe before it.
std::string csv_lines(const TextGrid& grid);

/// A text that Markdown, its tables and the HTML within show as it is, on one line. What stands
/// between letters or digits and means nothing there (the _ of t5_bias) stays.
std::string markdown_escaped(std::string_view text);

}  // namespace lengthwise
