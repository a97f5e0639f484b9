#pragma once

#include "position/scheme.h"

namespace lengthwise {

/// Causal softmax(q k' / sqrt(K) + bias) v without ever holding [H, T, T].
/// q, k, v are [B, H, T, K] float32; -> [B, H, T, K]. Gradients reach q, k and v.
torch::Tensor causal_attention(const torch::Tensor& queries, const torch::Tensor& keys,
                               const torch::Tensor& values, const AttentionBias& bias);

}  // namespace lengthwise
