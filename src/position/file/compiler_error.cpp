#include "position/file/compiler_error.h"

#include <fmt/format.h>

#include <cctype>

#include "base/plain_text.h"
#include "base/text.h"

namespace lengthwise {
namespace {

constexpr size_t kLongest = 400;

/// "RuntimeError: The size of tensor a (3) must match": how the interpreter ends.
bool ends_a_traceback(std::string_view line) {
  const size_t colon = line.find(':');
  if (colon == std::string_view::npos || colon == 0) return false;
  const std::string_view kind = line.substr(0, colon);
  return kind.find(' ') == std::string_view::npos &&
         (kind.ends_with("Error") || kind.ends_with("Exception"));
}

/// Whitespace of any length as one space, and no more than somebody reads.
std::string in_short(std::string_view text) {
  std::string words;
  for (const char c : text) {
    const bool space = std::isspace(static_cast<unsigned char>(c)) != 0;
    if (space && (words.empty() || words.back() == ' ')) continue;
    words += space ? ' ' : c;
  }
  if (words.size() > kLongest) words = words.substr(0, kLongest) + " ...";
  while (!words.empty() && (words.back() == ' ' || words.back() == ':')) words.pop_back();
  return one_line(words);
}

}  // namespace

CompilerError read_compiler_error(std::string_view text, const std::string& path,
                                  int64_t otherwise) {
  CompilerError error{otherwise, {}};
  const std::string place = fmt::format("File \"{}\", line ", path);
  const std::vector<std::string_view> lines = lines_of(text);
  std::string before;  // of the first place: the compiler says what is wrong, then where
  std::string after;   // of a traceback: where, then what is wrong
  bool placed = false;
  for (const std::string_view line : lines) {
    if (const size_t at = line.find(place); at != std::string_view::npos) {
      std::string_view number = line.substr(at + place.size());
      number = number.substr(0, number.find_first_not_of("0123456789"));
      if (const auto parsed = parse_integer(number)) error.line = *parsed;
      placed = true;
    } else if (ends_a_traceback(line)) {
      after = line.substr(line.find(':') + 1);
    } else if (!placed && trim(line).find("File \"") != 0) {
      before += std::string(line) + '\n';
    }
  }
  error.what = in_short(trim(after).empty() ? std::string_view(before) : after);
  // The compiler places a line's end on the next one.
  if (error.what.find("found 'newline'") != std::string::npos) --error.line;
  return error;
}

}  // namespace lengthwise
