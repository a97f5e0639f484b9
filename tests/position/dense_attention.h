#pragma once

#include <cmath>
#include <limits>

#include "model/attention_block.h"
#include "position/scheme.h"

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

/// As logits [.., T, T], with a column behind them, which every query sees: what falls on it falls
/// on no value.
inline torch::Tensor with_sink(const torch::Tensor& logits, const torch::Tensor& sink) {
  return torch::cat({logits, sink}, -1);
}

/// Softmax over what each query sees: [B, H, T, T].
inline torch::Tensor dense_weights(const torch::Tensor& logits, const torch::Tensor& visible) {
  return torch::softmax(logits.masked_fill(~visible, -std::numeric_limits<double>::infinity()), -1);
}

/// What attention makes of logits [B, H, T, T], or with a sink's column, and values [B, H, T, K].
inline torch::Tensor dense_attention(const torch::Tensor& logits, const torch::Tensor& values,
                                     const torch::Tensor& visible) {
  const int64_t length = values.size(2), sinks = logits.size(3) - length;
  const auto seen = torch::cat({visible, torch::ones({length, sinks}, torch::kBool)}, 1);
  return torch::matmul(dense_weights(logits, seen).slice(3, 0, length), values);
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
                        [&](const KeyBias& kind) {
                          return logits + kind.value.unsqueeze(2) - kind.value.unsqueeze(3);
                        },
                        by_pair,
                        changed,
                    },
                    bias);
}

/// All that a scheme asks of attention, by all pairs at once; in float64 where it is not the
/// scheme's own block that computes.
inline torch::Tensor dense_attention(const AttentionInputs& inputs, const torch::Tensor& values,
                                     const Visibility& visibility) {
  const int64_t length = values.size(2);
  const auto queries = inputs.queries.to(torch::kFloat64);
  auto products = torch::matmul(queries, inputs.keys.to(torch::kFloat64).transpose(2, 3));
  if (const auto& product = inputs.parts.product) {
    const auto block = make_block(0, length, visibility);
    products = product->block(queries.flip(2).to(torch::kFloat32), block, product->inputs)
                   .flip(2)
                   .to(torch::kFloat64);
  }
  const auto scaled = products / std::sqrt(static_cast<double>(values.size(3)));
  const auto logits = biased_logits(scaled, queries, inputs.bias, visibility);
  const auto visible = visible_keys(length, visibility);
  const auto* change = std::get_if<LogitChange>(&inputs.bias);
  if (change != nullptr && !change->normalised) {
    return torch::matmul(logits.exp().masked_fill(~visible, 0), values);
  }
  if (!inputs.parts.sink_logit.defined()) return dense_attention(logits, values, visible);
  const auto sink = inputs.parts.sink_logit.to(torch::kFloat64).view({1, -1, 1, 1});
  return dense_attention(with_sink(logits, sink.expand({logits.size(0), -1, length, 1})), values,
                         visible);
}

}  // namespace lengthwise
