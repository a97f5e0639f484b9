#include "position/causal_convolution.h"

namespace lengthwise {

torch::Tensor causal_convolution(const torch::Tensor& x, const torch::Tensor& kernel) {
  const int64_t length = x.size(1), width = kernel.size(1);
  const auto padded = at::constant_pad_nd(x, {0, 0, width - 1, 0}, 0);
  auto sum = padded.slice(1, 0, length) * kernel.select(1, 0);
  for (int64_t tap = 1; tap < width; ++tap) {
    sum = sum + padded.slice(1, tap, tap + length) * kernel.select(1, tap);
  }
  return sum;
}

}  // namespace lengthwise
