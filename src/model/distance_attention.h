#pragma once

#include "base/torch.h"
#include "position/bias.h"

namespace lengthwise {

/// Causal attention whose bias hangs on the distance alone, by the CUDA kernels of src/cuda, which
/// hold no logits and skip what a window hides. Without their library (fused/library.h) the same is
/// computed by blocks (attention_walk.h), slower.

/// Whether the kernels compute this: their library opened, bfloat16 on CUDA, no bias or one by
/// distance, and a head of 16, 32, 64, 96 or 128.
bool distance_kernels_take(const torch::Tensor& queries, const AttentionBias& bias);

/// softmax(scale q k' + bias) v of the keys that are seen, as causal_attention; with gradients to
/// q, k, v and the bias.
torch::Tensor distance_attention(const torch::Tensor& queries, const torch::Tensor& keys,
                                 const torch::Tensor& values, const AttentionBias& bias,
                                 double scale, const Visibility& visibility);

}  // namespace lengthwise
