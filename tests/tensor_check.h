#pragma once

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

}  // namespace lengthwise
