#pragma once

#include <string_view>

namespace lengthwise {

// The files of this folder as they stand, put into the program at build time
// (cmake/EmbedText.cmake).
extern const std::string_view kPageTemplate;  // page.html
extern const std::string_view kPageStyle;     // page.css
extern const std::string_view kChartStyle;    // chart.css
extern const std::string_view kPageScript;    // the .js files, one after the other

}  // namespace lengthwise
