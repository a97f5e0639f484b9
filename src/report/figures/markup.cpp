#include "report/figures/markup.h"

#include <algorithm>

#include "base/text.h"

namespace lengthwise {
namespace {

std::string valid_utf8(std::string_view text) {
  std::string valid;
  while (const auto broken = first_invalid_utf8(text)) {
    valid += text.substr(0, *broken);
    valid += "\xEF\xBF\xBD";  // U+FFFD
    text.remove_prefix(*broken + 1);
  }
  return valid + std::string(text);
}

}  // namespace

std::string escaped(std::string_view text) {
  std::string safe;
  for (const char c : valid_utf8(text)) {
    const auto byte = static_cast<unsigned char>(c);
    switch (c) {
      case '&':
        safe += "&amp;";
        break;
      case '<':
        safe += "&lt;";
        break;
      case '>':
        safe += "&gt;";
        break;
      case '"':
        safe += "&quot;";
        break;
      case '\'':
        safe += "&#39;";
        break;
      default:
        safe += (byte < 0x20 && c != '\n' && c != '\t') || byte == 0x7F ? ' ' : c;
    }
  }
  return safe;
}

std::vector<std::string> wrapped(std::string_view text, size_t width) {
  std::vector<std::string> lines;
  for (const std::string& word : split(text, " \n\t")) {
    const bool fits =
        !lines.empty() && character_count(lines.back()) + 1 + character_count(word) <= width;
    if (fits) {
      lines.back() += " " + word;
    } else {
      lines.push_back(word);
    }
  }
  if (lines.empty()) lines.emplace_back();
  return lines;
}

size_t character_count(std::string_view utf8) {
  return static_cast<size_t>(std::ranges::count_if(
      utf8, [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

}  // namespace lengthwise
