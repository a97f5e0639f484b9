#pragma once

#include <string>
#include <string_view>

namespace lengthwise {

/// An SVG file as the rsvg-convert program of librsvg renders it: PNG at twice the size, PDF with
/// lines and text as such. No shell is involved. UserError where the program is missing; RunFailure
/// with its complaint where it fails.
std::string svg_to_png(std::string_view svg);
std::string svg_to_pdf(std::string_view svg);

}  // namespace lengthwise
