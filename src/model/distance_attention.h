#pragma once

#include <string>

#include "base/torch.h"
#include "position/bias.h"

namespace lengthwise {

/// Causal attention whose bias hangs on the distance alone, by the CUDA kernels of src/cuda, which
/// hold no logits and skip what a window hides. They are a library of their own beside the program
/// (liblengthwise_cuda.so, the cuda preset); without it the same is computed by blocks
/// (attention_walk.h), slower.

/// Opens the library. -> what is in the way; empty: it is open.
std::string open_distance_kernels();

/// Whether the kernels compute this: opened, bfloat16 on CUDA, no bias or one by distance, and a
/// head of 16, 32, 64, 96 or 128.
bool distance_kernels_take(const torch::Tensor& queries, const AttentionBias& bias);

/// softmax(scale q k' + bias) v of the keys that are seen, as causal_attention; with gradients to
/// q, k, v and the bias.
torch::Tensor distance_attention(const torch::Tensor& queries, const torch::Tensor& keys,
                                 const torch::Tensor& values, const AttentionBias& bias,
                                 double scale, const Visibility& visibility);

}  // namespace lengthwise
