#include "base/text_grid.h"

#include <algorithm>
#include <string_view>

namespace lengthwise {
namespace {

size_t width_of(std::string_view utf8) {
  return static_cast<size_t>(std::ranges::count_if(
      utf8, [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

std::string padded(const std::string& text, size_t width, bool to_the_right) {
  const std::string space(width - std::min(width, width_of(text)), ' ');
  return to_the_right ? space + text : text + space;
}

std::vector<size_t> widths_of(const TextGrid& grid) {
  std::vector<size_t> widths(grid[0].size());
  for (const auto& row : grid) {
    for (size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], width_of(row[i]));
  }
  return widths;
}

std::string line_of(const std::vector<std::string>& row, const std::vector<size_t>& widths,
                    std::string_view separator) {
  std::string line;
  for (size_t i = 0; i < row.size(); ++i) {
    if (i > 0) line += separator;
    line += padded(row[i], widths[i], /*to_the_right=*/i > 0);
  }
  return line;
}

std::string without_trailing_space(std::string line) {
  line.resize(line.find_last_not_of(' ') + 1);
  return line;
}

std::string quoted(const std::string& text) {
  if (text.find_first_of(",\"\n") == std::string::npos) return text;
  std::string doubled;
  for (const char c : text) doubled += c == '"' ? "\"\"" : std::string(1, c);
  return '"' + doubled + '"';
}

}  // namespace

std::string terminal_lines(const TextGrid& grid) {
  const std::vector<size_t> widths = widths_of(grid);
  std::string text;
  for (size_t i = 0; i < grid.size(); ++i) {
    const std::string line = line_of(grid[i], widths, "  ");
    text += without_trailing_space(line) + "\n";
    if (i > 0) continue;
    for (size_t dash = 0; dash < width_of(line); ++dash) text += "─";
    text += "\n";
  }
  return text;
}

std::string markdown_lines(const TextGrid& grid) {
  std::vector<size_t> widths = widths_of(grid);
  for (size_t& width : widths) width = std::max<size_t>(width, 3);
  std::string text;
  for (size_t i = 0; i < grid.size(); ++i) {
    text += "| " + line_of(grid[i], widths, " | ") + " |\n";
    if (i > 0) continue;
    text += "|";
    for (size_t column = 0; column < widths.size(); ++column) {
      text += column == 0 ? ":" : "-";
      text += std::string(widths[column], '-');
      text += column == 0 ? "-|" : ":|";
    }
    text += "\n";
  }
  return text;
}

std::string csv_lines(const TextGrid& grid) {
  std::string text;
  for (const auto& row : grid) {
    for (size_t i = 0; i < row.size(); ++i) {
      if (i > 0) text += ',';
      text += quoted(row[i]);
    }
    text += '\n';
  }
  return text;
}

}  // namespace lengthwise
