#include "report/tables/spread_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace lengthwise {
namespace {

std::string printed(double value, int decimals) {
  return value > -1e6 && value < 1e6 ? fmt::format("{:.{}f}", value, decimals)
                                     : fmt::format("{:.3e}", value);
}

}  // namespace

bool is_skewed(double value, const Interval& interval, int decimals) {
  const auto [narrower, wider] = std::minmax({value - interval.lo, interval.hi - value});
  if (printed(narrower, decimals) == printed(wider, decimals)) return false;
  return !std::isfinite(wider) || wider - narrower > 0.1 * wider;
}

std::string spread_text(double value, const Interval& interval, int decimals) {
  if (is_skewed(value, interval, decimals)) {
    return fmt::format(" [{}, {}]", printed(interval.lo, decimals), printed(interval.hi, decimals));
  }
  const double half = std::max(value - interval.lo, interval.hi - value);
  return value < 1e6 ? fmt::format(" ± {:.{}f}", half, decimals) : fmt::format(" ± {:.1e}", half);
}

}  // namespace lengthwise
