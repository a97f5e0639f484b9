#pragma once

#include "base/torch.h"

namespace lengthwise {

/// Dimensions (i, i + K/2) of x [B, H, Q, K] turned by the last Q of the T places of tables
/// [1 or B, H, T, K/2] float32, each head by its own; float32.
torch::Tensor turn_each_head(const torch::Tensor& x, const torch::Tensor& cosines,
                             const torch::Tensor& sines);

}  // namespace lengthwise
