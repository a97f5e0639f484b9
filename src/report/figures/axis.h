#pragma once

#include <optional>
#include <string>
#include <vector>

#include "report/figures/chart.h"

namespace lengthwise {

/// One side of a plot: a range of numbers and where in it a number stands.
struct Axis {
  double least = 0, most = 1;
  Scale scale = Scale::linear;

  /// 0 at `least`, 1 at `most`.
  double place(double value) const;
  bool shows(double value) const { return value >= least && value <= most; }
};

/// The range that holds the values, with `room` of it to spare at either side; what is not finite,
/// and on a logarithmic axis not positive, does not count. What is above `cap` does not widen it.
Axis fitted_axis(const std::vector<double>& values, Scale scale, double room,
                 std::optional<double> cap = {});

/// Round numbers within the axis, about four to ten of them.
std::vector<double> ticks(const Axis& axis);

/// "0.25", "2048", "20k" (whole thousands from ten of them on), "1.5M".
std::string tick_text(double value);

/// Through decimal text, so that 3.8 is the very number written 3.8.
double round_to_digits(double value, int digits);

}  // namespace lengthwise
