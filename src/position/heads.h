#pragma once

#include "base/torch.h"

namespace lengthwise {

/// Each of G heads of x [B, G, T, K] as often as heads of queries read it: [B, H, T, K].
inline torch::Tensor for_each_head(const torch::Tensor& x, int64_t heads) {
  return x.size(1) == heads ? x : x.repeat_interleave(heads / x.size(1), 1);
}

}  // namespace lengthwise
