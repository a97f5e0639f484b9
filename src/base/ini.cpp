#include "base/ini.h"

#include <optional>

#include "base/error.h"
#include "base/text.h"

namespace lengthwise {
namespace {

constexpr std::string_view kBlank = " \t";

bool begins_comment(char c) {
  return c == '#' || c == ';';
}

std::string_view without_comment(std::string_view text) {
  for (size_t i = 0; i < text.size(); ++i) {
    const bool apart = i == 0 || kBlank.find(text[i - 1]) != kBlank.npos;
    if (apart && begins_comment(text[i])) return trim(text.substr(0, i));
  }
  return trim(text);
}

/// The text within quotes that open the value and close it, but for a comment; nullopt where the
/// value is not of this form.
std::optional<std::string> quoted(std::string_view text) {
  if (!text.starts_with('"')) return std::nullopt;
  std::string value;
  for (size_t i = 1; i < text.size(); ++i) {
    if (text[i] == '"') {
      if (!without_comment(text.substr(i + 1)).empty()) return std::nullopt;
      return value;
    }
    const bool escape =
        text[i] == '\\' && i + 1 < text.size() && (text[i + 1] == '"' || text[i + 1] == '\\');
    value += escape ? text[++i] : text[i];
  }
  return std::nullopt;
}

/// At most some 60 bytes, cut between characters.
std::string_view beginning(std::string_view text) {
  size_t size = std::min<size_t>(text.size(), 60);
  while (size < text.size() && size > 0 &&
         (static_cast<unsigned char>(text[size]) & 0xC0) == 0x80) {
    --size;
  }
  return text.substr(0, size);
}

}  // namespace

std::vector<IniValue> read_ini(const fs::path& path) {
  const std::string text = read_text_file(path);
  std::vector<IniValue> values;
  std::string section;
  int64_t number = 0;
  for (const std::string_view line : lines_of(text)) {
    ++number;
    const std::string_view plain = without_comment(line);
    if (plain.empty()) continue;
    if (plain.front() == '[' && plain.back() == ']') {
      section = std::string(trim(plain.substr(1, plain.size() - 2))) + '.';
      continue;
    }
    const size_t equals = line.find('=');
    const std::string_view name = trim(line.substr(0, equals));
    if (plain.find('=') == plain.npos || name.empty()) {
      fail("{}:{}: '{}' is neither [section] nor name = value", path.string(), number,
           beginning(plain));
    }
    const std::string_view value = trim(line.substr(equals + 1));
    values.push_back({(section == "." ? "" : section) + std::string(name),
                      quoted(value).value_or(std::string(without_comment(value))), number});
  }
  return values;
}

std::string ini_value(const std::string& value) {
  const bool plain = without_comment(value) == value && !value.starts_with('"');
  if (plain) return value;
  std::string text = "\"";
  for (const char c : value) {
    if (c == '"' || c == '\\') text += '\\';
    text += c;
  }
  return text + '"';
}

std::string read_text_file(const fs::path& path) {
  const std::string all = read_file(path);
  if (looks_like_utf16(all)) fail("{}: is UTF-16; save it as UTF-8", path.string());
  std::string text(without_byte_order_mark(all));
  int64_t number = 0;
  for (const std::string_view line : lines_of(text)) {
    ++number;
    for (size_t i = 0; i < line.size(); ++i) {
      const auto byte = static_cast<unsigned char>(line[i]);
      if ((byte >= ' ' && byte != 0x7F) || byte == '\t') continue;
      fail("{}:{}: holds {} at column {}; take it out", path.string(), number,
           byte == 0 ? "a NUL" : fmt::format("the control character 0x{:02X}", byte), i + 1);
    }
  }
  return text;
}

}  // namespace lengthwise
