#pragma once

#include "model/attention_walk.h"

namespace lengthwise {

/// What attention does beside the scheme's bias.
struct AttentionRule {
  Visibility visibility;
  AttentionDropout dropout;
  double scale = 0;  // of q k'; 0: 1 / sqrt(K)
  AttentionParts parts = {};
};

/// Causal softmax(scale q k' + bias) v without ever holding [H, T, T]; the cheapest exact way for
/// the kind of bias is taken. k, v are [B, H, T, K] float32 or bfloat16, q [B, H, Q, K] the last Q
/// of the T places; -> [B, H, Q, K] of their type. q and k may be wider than v, whose width K is.
/// Gradients reach q, k, v and the tensors of the bias and the rule's parts.
torch::Tensor causal_attention(const torch::Tensor& queries, const torch::Tensor& keys,
                               const torch::Tensor& values, const AttentionBias& bias,
                               const AttentionRule& rule = {});

}  // namespace lengthwise
