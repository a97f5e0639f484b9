#include "base/text_grid.h"

#include <algorithm>
#include <cctype>

#include "base/plain_text.h"
#include "base/text.h"

namespace lengthwise {
namespace {

std::string padded(const std::string& text, size_t width, bool to_the_right) {
  const std::string space(width - std::min(width, character_count(text)), ' ');
  return to_the_right ? space + text : text + space;
}

std::vector<size_t> widths_of(const TextGrid& grid) {
  std::vector<size_t> widths(grid[0].size());
  for (const auto& row : grid) {
    for (size_t i = 0; i < row.size(); ++i)
      widths[i] = std::max(widths[i], character_count(row[i]));
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

bool is_number(const std::string& text) {
  return parse_real(text) || text == "-inf" || text == "-nan";
}

std::string csv_field(std::string text) {
  if (!text.empty() && std::string_view("=+-@\t\r").find(text[0]) != std::string_view::npos &&
      !is_number(text)) {
    text.insert(0, 1, '\'');
  }
  const bool spaced = text.starts_with(' ') || text.ends_with(' ');
  if (text.find_first_of(",\"\n\r") == std::string::npos && !spaced) return text;
  std::string doubled;
  for (const char c : text) doubled += c == '"' ? "\"\"" : std::string(1, c);
  return '"' + doubled + '"';
}

bool is_word(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || static_cast<unsigned char>(c) >= 0x80;
}

/// Whether the character at `i` would be markup. Numbers in brackets and the mark of ties at a
/// cell's end are not.
bool is_markup(std::string_view line, size_t i) {
  const char before = i > 0 ? line[i - 1] : ' ', after = i + 1 < line.size() ? line[i + 1] : ' ';
  const auto digit = [](char c) { return std::isdigit(static_cast<unsigned char>(c)) != 0; };
  switch (line[i]) {
    case '\\':
    case '`':
    case '*':
    case '|':
    case '$':
      return true;
    case '_':
      return !is_word(before) || !is_word(after);
    case '[':
      return !digit(after) && after != '-';
    case ']':
      return !digit(before) || after == '(' || after == '[' || after == ':';
    case '~':
      return before == '~' || i + 1 < line.size();
    default:
      return false;
  }
}

TextGrid mapped(TextGrid grid, std::string (*change)(std::string_view)) {
  for (auto& row : grid) {
    for (std::string& cell : row) cell = change(cell);
  }
  return grid;
}

}  // namespace

std::string terminal_lines(const TextGrid& cells) {
  const TextGrid grid = mapped(cells, one_line);
  const std::vector<size_t> widths = widths_of(grid);
  std::string text;
  for (size_t i = 0; i < grid.size(); ++i) {
    const std::string line = line_of(grid[i], widths, "  ");
    text += without_trailing_space(line) + "\n";
    if (i > 0) continue;
    for (size_t dash = 0; dash < character_count(line); ++dash) text += "─";
    text += "\n";
  }
  return text;
}

std::string markdown_lines(const TextGrid& cells, const std::vector<std::vector<bool>>& bold) {
  TextGrid grid = mapped(cells, markdown_escaped);
  for (size_t row = 0; row < bold.size(); ++row) {
    for (size_t i = 0; i < bold[row].size(); ++i) {
      if (bold[row][i]) grid[row][i] = "**" + grid[row][i] + "**";
    }
  }
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
      text += csv_field(row[i]);
    }
    text += '\n';
  }
  return text;
}

std::string markdown_escaped(std::string_view text) {
  const std::string line = one_line(text);
  std::string escaped;
  for (size_t i = 0; i < line.size(); ++i) {
    if (line[i] == '<') {
      escaped += "&lt;";
    } else if (line[i] == '&') {
      escaped += "&amp;";
    } else {
      if (is_markup(line, i)) escaped += '\\';
      escaped += line[i];
    }
  }
  return escaped;
}

}  // namespace lengthwise
