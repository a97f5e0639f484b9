#include "report/page/point_values.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "base/number_text.h"

namespace lengthwise {
namespace {

/// "1.234e+6", not "1.234e+06".
std::string scientific(double value) {
  std::string text = fmt::format("{:.3e}", value);
  const size_t sign = text.find_last_of("+-");
  if (text[sign + 1] == '0') text.erase(sign + 1, 1);
  return text;
}

std::string digits_of(double size) {
  if (size >= 1e6 || (size > 0 && size < 1e-4)) return scientific(size);
  if (size >= 1000) return format_count(std::llround(size));
  const std::string rounded = fmt::format("{:.3e}", size);  // 999.96 has the exponent of 1000
  const int exponent = std::stoi(rounded.substr(rounded.find('e') + 1));
  return fmt::format("{:.{}f}", size, std::max(0, 3 - exponent));
}

std::string text_at(const Series& series, size_t i) {
  const std::string value = tooltip_number(series.y[i]);
  if (series.low.empty() || !(series.low[i] < series.high[i])) return value;
  return fmt::format("{} [{}, {}]", value, tooltip_number(series.low[i]),
                     tooltip_number(series.high[i]));
}

}  // namespace

std::string tooltip_number(double value) {
  return (value < 0 ? "\u2212" : "") + digits_of(std::abs(value));
}

std::vector<double> point_positions(const LineChart& chart) {
  std::set<double> positions;
  for (const View& view : chart.views) {
    for (const Series& series : view.series) {
      for (size_t i = 0; i < series.x.size(); ++i) {
        if (std::isfinite(series.y[i])) positions.insert(series.x[i]);
      }
    }
  }
  return {positions.begin(), positions.end()};
}

std::string point_values(const Series& series, const std::vector<double>& positions) {
  std::string values;
  size_t i = 0;
  for (const double position : positions) {
    while (i < series.x.size() && series.x[i] < position) ++i;
    const bool here = i < series.x.size() && series.x[i] == position && std::isfinite(series.y[i]);
    if (!values.empty() || position != positions.front()) values += ";";
    if (here) values += text_at(series, i);
  }
  return values;
}

}  // namespace lengthwise
