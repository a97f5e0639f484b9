#pragma once

#include <string>
#include <string_view>

#include "report/comparison/text_comparison.h"

namespace lengthwise {

/// The table of table.h as a LaTeX tabular with the rules of the booktabs package, the best of a
/// column bold; what its numbers are stands above it in comments.
std::string latex_table(const TextComparison& comparison);

/// Text as LaTeX sets it: its special characters escaped, ± and – as commands.
std::string latex_text(std::string_view text);

}  // namespace lengthwise
