#include "report/figures/markup.h"

#include <fmt/format.h>

#include "base/plain_text.h"
#include "base/text.h"

namespace lengthwise {
namespace {

/// Line ends stay: a file that is shown as it stands has lines.
std::string safe_lines(std::string_view text) {
  std::string safe;
  for (size_t end; (end = text.find('\n')) != std::string_view::npos;) {
    safe += one_line(text.substr(0, end)) + "\n";
    text.remove_prefix(end + 1);
  }
  return safe + one_line(text);
}

}  // namespace

std::string escaped(std::string_view text) {
  std::string safe;
  for (const char c : safe_lines(text)) {
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
        safe += c;
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

std::string svg_text(double x, double y, std::string_view anchor, std::string_view css,
                     std::string_view text, std::string_view more) {
  return fmt::format(
      "<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"{}\" class=\"{}\"{}>{}</text>\n", x, y, anchor,
      css, more, escaped(text));
}

std::string svg_line(std::string_view css, double x1, double y1, double x2, double y2) {
  return fmt::format(
      "<line class=\"{}\" x1=\"{:.1f}\" y1=\"{:.1f}\" x2=\"{:.1f}\" y2=\"{:.1f}\"/>\n", css, x1, y1,
      x2, y2);
}

}  // namespace lengthwise
