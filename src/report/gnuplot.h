#pragma once

#include <string>
#include <string_view>

namespace lengthwise {

/// What the gnuplot program prints for a script that names a terminal and no output file. No shell
/// is involved and the user's own gnuplot settings are left out. UserError where the program is
/// missing; RunFailure with its complaint where it fails.
std::string run_gnuplot(std::string_view script);

/// A text as gnuplot reads it, in single quotes; control characters become spaces.
std::string gnuplot_quoted(std::string_view text);

}  // namespace lengthwise
