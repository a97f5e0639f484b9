#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lengthwise {

/// Pieces between any of the separators; empty pieces are left out.
std::vector<std::string> split(std::string_view text, std::string_view separators = " \t,");

std::string_view trim(std::string_view text);

/// The known name with the smallest edit distance, if it is near enough to be what was meant.
std::optional<std::string> nearest_name(std::string_view name,
                                        const std::vector<std::string>& known);

/// "; did you mean 'alibi'? known: none, learned, alibi" for the end of an error line.
std::string known_names_hint(std::string_view name, const std::vector<std::string>& known);

/// Whole numbers and finite decimals; nullopt where any character is left over.
std::optional<int64_t> parse_integer(std::string_view text);
std::optional<double> parse_real(std::string_view text);

/// Seconds as "8 s", "3 min 20 s", "2 h 05 min".
std::string format_duration(double seconds);

/// Lines without their ends, which may be LF, CR LF or CR. A last line without an end counts.
std::vector<std::string_view> lines_of(std::string_view text);

/// Text without the UTF-8 byte order mark that some editors write before it.
std::string_view without_byte_order_mark(std::string_view text);

/// Whether the text begins as UTF-16 does: with its byte order mark, or with every other byte 0.
bool looks_like_utf16(std::string_view text);

/// Byte offset of the first byte that is not well-formed UTF-8 (RFC 3629); nullopt when all is
/// well.
std::optional<size_t> first_invalid_utf8(std::string_view text);

}  // namespace lengthwise
