#pragma once

#include "base/torch.h"

namespace lengthwise {

/// The fused kernel of a device: softmax(scale q k' + mask) v without its logits in memory, and the
/// logarithm of each row's sum. q [B, H, Q, K], k, v [B, H, C, K], all float32 or all bfloat16;
/// log_sum is float32. A device is a line of the table in attention_fused.cpp.
struct FusedAttention {
  torch::Tensor output;   // [B, H, Q, K]
  torch::Tensor log_sum;  // [B, H, Q]
};

/// mask [1 or B, H, Q, C] float32, of any strides: minus infinity where a key is not seen.
FusedAttention fused_attention(const torch::Tensor& queries, const torch::Tensor& keys,
                               const torch::Tensor& values, const torch::Tensor& mask,
                               double scale);

struct FusedGradients {
  torch::Tensor queries, keys, values;
};

struct FusedForward {
  torch::Tensor queries, keys, values;
  FusedAttention result;
};
FusedGradients fused_attention_backward(const torch::Tensor& upstream, const FusedForward& forward,
                                        const torch::Tensor& mask, double scale);

/// The same of as many queries as keys under the causal rule alone, with its gradients.
torch::Tensor plain_causal_attention(const torch::Tensor& queries, const torch::Tensor& keys,
                                     const torch::Tensor& values, double scale);

}  // namespace lengthwise
