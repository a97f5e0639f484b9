#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace lengthwise {

/// U+FFFD: stands for what is no text.
inline constexpr std::string_view kReplacementCharacter = "\xEF\xBF\xBD";

/// Broken UTF-8 as replacement characters (U+FFFD), one a byte.
std::string valid_utf8(std::string_view text);

/// A text as it can stand in a line that somebody reads, whatever a value held or a library said:
/// control characters (C0, DEL, C1) and line separators as spaces; broken UTF-8, characters that
/// turn the direction of what follows, and those that are none as U+FFFD.
std::string one_line(std::string_view text);

/// Characters, not bytes.
size_t character_count(std::string_view utf8);

}  // namespace lengthwise
