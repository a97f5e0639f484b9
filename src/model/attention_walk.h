#pragma once

#include "model/attention_block.h"

namespace lengthwise {

/// softmax(scale q k' + bias) v over blocks of query rows, for every kind of bias, with gradients
/// to q, k, v and to the tensors of the bias and the parts. A block's logits live no longer than
/// the block; backward computes them again. k, v are [B, H, T, K] float32, q [B, H, Q, K] the last
/// Q of the T places; rows_a_block 0: chosen from the shapes.
torch::Tensor walk_attention(const torch::Tensor& queries, const torch::Tensor& keys,
                             const torch::Tensor& values, const AttentionBias& bias, double scale,
                             const Visibility& visibility, const AttentionDropout& dropout = {},
                             int64_t rows_a_block = 0, const AttentionParts& parts = {});

/// v with zeros behind its K numbers, as many as make it `width`: the fused kernels take q, k and v
/// of one width alone.
torch::Tensor widened(const torch::Tensor& values, int64_t width);

}  // namespace lengthwise
