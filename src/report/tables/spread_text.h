#pragma once

#include <string>

#include "report/statistics/bootstrap.h"

namespace lengthwise {

/// How far a value is known, for behind it and with as many decimals: " ± 0.12", the wider half of
/// the interval, where the narrower one is printed alike or is at most a tenth shorter; else the
/// bounds, " [5.1, 12.7]".
std::string spread_text(double value, const Interval& interval, int decimals);

/// Whether the bounds are shown.
bool is_skewed(double value, const Interval& interval, int decimals);

inline constexpr const char* kSkewedExplanation =
    "[ ]: the bounds of that interval, where its halves differ by more than a tenth.";

}  // namespace lengthwise
