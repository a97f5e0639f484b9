#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace lengthwise {

/// A text as HTML and SVG show it, in content and in attributes alike: & < > " ' as entities,
/// control characters and broken UTF-8 as spaces and replacement characters.
std::string escaped(std::string_view text);

/// Lines of at most `width` characters, broken at spaces; a longer word stands alone.
std::vector<std::string> wrapped(std::string_view text, size_t width);

}  // namespace lengthwise
