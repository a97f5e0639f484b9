#include "base/plain_text.h"

#include <algorithm>

#include "base/text.h"

namespace lengthwise {
namespace {

bool is_continuation(char c) {
  return (static_cast<unsigned char>(c) & 0xC0) == 0x80;
}

bool is_control(std::string_view character) {
  const auto first = static_cast<unsigned char>(character[0]);
  if (character.size() == 1) return first < 0x20 || first == 0x7F;
  const bool c1 = first == 0xC2 && static_cast<unsigned char>(character[1]) < 0xA0;
  return c1 || character == "\u2028" || character == "\u2029";
}

bool is_unreadable(std::string_view character) {
  return (character >= "\u202A" && character <= "\u202E") ||
         (character >= "\u2066" && character <= "\u2069") || character == "\u200E" ||
         character == "\u200F" || character == "\xEF\xBF\xBE" || character == "\xEF\xBF\xBF";
}

}  // namespace

std::string valid_utf8(std::string_view text) {
  std::string valid;
  while (const auto broken = first_invalid_utf8(text)) {
    valid += text.substr(0, *broken);
    valid += kReplacementCharacter;
    text.remove_prefix(*broken + 1);
  }
  return valid + std::string(text);
}

std::string one_line(std::string_view text) {
  const std::string valid = valid_utf8(text);
  std::string line;
  for (size_t begin = 0; begin < valid.size();) {
    size_t end = begin + 1;
    while (end < valid.size() && is_continuation(valid[end])) ++end;
    const std::string_view character = std::string_view(valid).substr(begin, end - begin);
    line += is_control(character)      ? " "
            : is_unreadable(character) ? kReplacementCharacter
                                       : character;
    begin = end;
  }
  return line;
}

size_t character_count(std::string_view utf8) {
  return static_cast<size_t>(
      std::ranges::count_if(utf8, [](char c) { return !is_continuation(c); }));
}

}  // namespace lengthwise
