#pragma once

#include <cmath>
#include <limits>

#include "model/attention_block.h"

/// Attention in float64 with all pairs at once, as a textbook has it: what blocks, kernels and
/// schemes are held against.
namespace lengthwise {

/// [T, T]: which keys (columns) a query (row) sees.
inline torch::Tensor visible_keys(int64_t length, const Visibility& visibility = {}) {
  const auto places = torch::arange(length);
  const auto distances = places.unsqueeze(1) - places;
  auto near = torch::ones({length, length}, torch::kBool);
  if (visibility.window > 0) near = (distances < visibility.window) | (places < visibility.sinks);
  return (distances >= 0) & near;
}

/// What a paper writes as i - j, 0 where the key lies ahead: [T] -> [T, T].
inline torch::Tensor pair_distances(const torch::Tensor& positions) {
  return (positions.unsqueeze(1) - positions).clamp_min(0);
}

/// q k' / sqrt(K): [B, H, T, K] -> [B, H, T, T].
inline torch::Tensor scaled_products(const torch::Tensor& queries, const torch::Tensor& keys) {
  return torch::matmul(queries, keys.transpose(2, 3)) /
         std::sqrt(static_cast<double>(queries.size(3)));
}

/// Softmax over what each query sees: [B, H, T, T].
inline torch::Tensor dense_weights(const torch::Tensor& logits, const torch::Tensor& visible) {
  return torch::softmax(logits.masked_fill(~visible, -std::numeric_limits<double>::infinity()), -1);
}

/// What attention makes of logits [B, H, T, T] and values [B, H, T, K].
inline torch::Tensor dense_attention(const torch::Tensor& logits, const torch::Tensor& values,
                                     const torch::Tensor& visible) {
  return torch::matmul(dense_weights(logits, visible), values);
}

/// Every query against every key, in rising order.
inline LogitBlock all_pairs(int64_t length, const Visibility& visibility = {}) {
  const auto places = torch::arange(length);
  return {.begin = 0,
          .end = length,
          .sinks = 0,
          .first = 0,
          .query_index = places,
          .key_index = places,
          .visibility = visibility};
}

/// Scaled logits [B, H, T, T] as a bias makes them, each number of it taken as it is handed to
/// attention: a block of all pairs, in float32 where the bias computes in float32.
inline torch::Tensor biased_logits(const torch::Tensor& logits, const torch::Tensor& queries,
                                   const AttentionBias& bias, const Visibility& visibility = {}) {
  const int64_t length = logits.size(3);
  const auto by_distance = [&](const DistanceBias& kind) {
    const auto distances = pair_distances(torch::arange(length));
    return logits + kind.value.index_select(1, distances.flatten()).view({-1, length, length});
  };
  const auto by_pair = [&](const PairBias& kind) {
    return logits + kind.block(all_pairs(length, visibility), kind.inputs);
  };
  const auto changed = [&](const LogitChange& kind) {
    const auto each = kind.block(logits.to(torch::kFloat32), queries.to(torch::kFloat32),
                                 all_pairs(length, visibility), kind.inputs);
    return each.to(logits.scalar_type());
  };
  return std::visit(Overloaded{
                        [&](const NoBias&) { return logits; },
                        by_distance,
                        [&](const KeyBias& kind) { return logits + kind.value.unsqueeze(2); },
                        by_pair,
                        changed,
                    },
                    bias);
}

}  // namespace lengthwise
