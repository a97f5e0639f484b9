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

/// A <text> and a <line> element, in pixels; `text` is plain, `more` are attributes as they stand.
std::string svg_text(double x, double y, std::string_view anchor, std::string_view css,
                     std::string_view text, std::string_view more = {});
std::string svg_line(std::string_view css, double x1, double y1, double x2, double y2);

}  // namespace lengthwise
