#pragma once

#include "base/torch.h"

namespace lengthwise {

/// y_t = sum_n kernel[:, W-1-n] x_{t-n}, n = 0 ... W-1, a channel at a time, zeros before the first
/// token: x [B, T, C], kernel [C, W] as PyTorch's depthwise convolution has it -> [B, T, C].
torch::Tensor causal_convolution(const torch::Tensor& x, const torch::Tensor& kernel);

}  // namespace lengthwise
