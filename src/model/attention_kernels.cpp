#include "model/attention_kernels.h"

#include <algorithm>
#include <cmath>

#include "model/attention_fused.h"
#include "model/distance_attention.h"

namespace lengthwise {
namespace {

using torch::Tensor;

void check_shapes(const Tensor& queries, const Tensor& keys, const Tensor& values,
                  const AttentionBias& bias) {
  TORCH_CHECK(
      queries.dim() == 4 && keys.sizes().slice(0, 3) == values.sizes().slice(0, 3) &&
          queries.sizes().slice(0, 2) == keys.sizes().slice(0, 2) &&
          queries.size(2) <= keys.size(2) && queries.size(3) == keys.size(3) &&
          values.size(3) <= keys.size(3),
      "attention takes k, v [B, H, T, K], k no narrower than v, and q of the last Q rows of "
      "k, not ",
      queries.sizes(), ", ", keys.sizes(), ", ", values.sizes());
  if (const auto* distance = std::get_if<DistanceBias>(&bias)) {
    TORCH_CHECK(distance->value.dim() == 2 && distance->value.size(0) == queries.size(1) &&
                    distance->value.size(1) == keys.size(2),
                "a bias by distance is [H, T], not ", distance->value.sizes());
  }
}

}  // namespace

Tensor causal_attention(const Tensor& queries, const Tensor& keys, const Tensor& values,
                        const AttentionBias& bias, const AttentionRule& rule) {
  check_shapes(queries, keys, values, bias);
  const double scale =
      rule.scale > 0 ? rule.scale : 1 / std::sqrt(static_cast<double>(values.size(3)));
  const int64_t length = keys.size(2);
  const bool everything_seen = rule.visibility.window == 0 || rule.visibility.window >= length;
  const Visibility visibility = everything_seen ? Visibility{} : rule.visibility;

  const int64_t width = values.size(3);
  if (queries.size(3) > width) {
    AttentionRule scaled = rule;
    scaled.scale = scale;
    return causal_attention(queries, keys, widened(values, queries.size(3)), bias, scaled)
        .slice(3, 0, width);
  }
  const bool without_parts = !rule.parts.product && !rule.parts.sink_logit.defined();

  // LibTorch's own kernel on CUDA adds up gradients in any order, so ours comes first.
  if (without_parts && rule.dropout.probability == 0 && distance_kernels_take(queries, bias)) {
    return distance_attention(queries, keys, values, bias, scale, visibility);
  }
  const bool plain = without_parts && std::holds_alternative<NoBias>(bias) && everything_seen &&
                     rule.dropout.probability == 0 && queries.size(2) == length;
  if (plain) return plain_causal_attention(queries, keys, values, scale);
  return walk_attention(queries, keys, values, bias, scale, visibility, rule.dropout, 0,
                        rule.parts);
}

}  // namespace lengthwise
