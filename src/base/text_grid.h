#pragma once

#include <string>
#include <vector>

namespace lengthwise {

/// Cells of a table as text; the first row is the heading, the first column stands to the left.
using TextGrid = std::vector<std::vector<std::string>>;

/// Columns in line, a rule under the heading.
std::string terminal_lines(const TextGrid& grid);
std::string markdown_lines(const TextGrid& grid);
/// RFC 4180, with line feeds alone.
std::string csv_lines(const TextGrid& grid);

}  // namespace lengthwise
