#include "report/figures/axis.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/text.h"

namespace lengthwise {
namespace {

constexpr size_t kMostTicks = 9;
constexpr double kNearlyEven = 3;  // most / least below which a logarithmic axis is ticked evenly

std::vector<double> even_ticks(double least, double most) {
  const double rough = (most - least) / static_cast<double>(kMostTicks);
  const double power = std::pow(10.0, std::floor(std::log10(rough)));
  double step = 10 * power;
  for (const double digit : {5.0, 2.0, 1.0}) {
    if (digit * power >= rough) step = digit * power;
  }
  std::vector<double> found;
  for (double k = std::ceil(least / step); k * step <= most; ++k) {
    found.push_back(k == 0 ? 0 : round_to_digits(k * step, 12));
  }
  return found;
}

std::vector<double> logarithmic_ticks(double least, double most) {
  const std::vector<std::vector<double>> finest_first = {{1, 1.5, 2, 2.5, 3, 4, 5, 6, 7, 8, 9},
                                                         {1, 1.5, 2, 3, 4, 5, 7},
                                                         {1, 2, 3, 5, 7},
                                                         {1, 2, 5},
                                                         {1, 3},
                                                         {1}};
  std::vector<double> found;
  for (const auto& digits : finest_first) {
    found.clear();
    for (double exponent = std::floor(std::log10(least)); std::pow(10, exponent) <= most;
         ++exponent) {
      for (const double digit : digits) {
        const double tick = round_to_digits(digit * std::pow(10, exponent), 2);
        if (tick >= least && tick <= most) found.push_back(tick);
      }
    }
    if (found.size() <= kMostTicks) break;
  }
  return found;
}

}  // namespace

double Axis::place(double value) const {
  if (scale == Scale::linear) return (value - least) / (most - least);
  return std::log(value / least) / std::log(most / least);
}

Axis fitted_axis(const std::vector<double>& values, Scale scale, double room,
                 std::optional<double> cap) {
  std::vector<double> shown;
  for (const double value : values) {
    if (!std::isfinite(value) || (scale == Scale::logarithmic && value <= 0)) continue;
    shown.push_back(value);
  }
  if (shown.empty()) return {scale == Scale::linear ? 0.0 : 1.0, 10, scale};
  auto [least, most] = std::ranges::minmax(shown);
  // A cap below all values would leave nothing to show.
  const double wanted = cap.value_or(most);
  const bool capped = wanted < most && wanted > least;
  if (capped) most = wanted;
  if (scale == Scale::linear) {
    const double span = most > least ? most - least : std::max(std::abs(most), 1e-9);
    return {least - room * span, capped ? most : most + room * span, scale};
  }
  const double span = std::max(0.2, std::log(most / least));
  return {least * std::exp(-room * span), capped ? most : most * std::exp(room * span), scale};
}

std::vector<double> ticks(const Axis& axis) {
  const bool even = axis.scale == Scale::linear || axis.most / axis.least < kNearlyEven;
  return even ? even_ticks(axis.least, axis.most) : logarithmic_ticks(axis.least, axis.most);
}

std::string tick_text(double value) {
  const double size = std::abs(value);
  if (size >= 1e9 || (size > 0 && size < 1e-4)) return fmt::format("{:.3g}", value);
  if (size >= 1e6 && std::fmod(size, 1e5) == 0) return fmt::format("{:.6g}M", value / 1e6);
  if (size >= 1e4 && std::fmod(size, 1e3) == 0) return fmt::format("{:.6g}k", value / 1e3);
  return fmt::format("{:.9g}", value);
}

double round_to_digits(double value, int digits) {
  return *parse_real(fmt::format("{:.{}g}", value, digits));
}

}  // namespace lengthwise
