#pragma once

#include <algorithm>
#include <limits>

#include "base/torch.h"
#include "test.h"

namespace lengthwise {

/// The largest difference of two tensors, number by number in float64; infinity where their shapes
/// differ or a value is no number. CHECK(largest_difference(a, b) < 1e-6) then prints it.
inline double largest_difference(const torch::Tensor& actual, const torch::Tensor& expected) {
  if (actual.sizes() != expected.sizes()) return std::numeric_limits<double>::infinity();
  if (actual.numel() == 0) return 0;
  const torch::NoGradGuard no_grad;
  const double largest =
      (actual.to(torch::kFloat64) - expected.to(torch::kFloat64)).abs().max().item<double>();
  return largest == largest ? largest : std::numeric_limits<double>::infinity();
}

/// The largest difference as a part of the largest number expected, or of `size` where all are
/// smaller: a sum whose terms cancel is off by the rounding of its terms, whose size that is.
inline double relative_difference(const torch::Tensor& actual, const torch::Tensor& expected,
                                  double size) {
  const double largest = expected.detach().abs().max().item<double>();
  return largest_difference(actual, expected) / std::max(largest, size);
}

}  // namespace lengthwise
