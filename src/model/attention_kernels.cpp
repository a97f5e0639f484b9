#include "model/attention_kernels.h"

#include <ATen/ops/_scaled_dot_product_flash_attention_for_cpu.h>

#include <algorithm>
#include <cmath>

namespace lengthwise {
namespace {

using torch::Tensor;

/// Rows of queries taken at once by the fused kernel under a mask: it is fastest with many, and the
/// causal half of the work is only saved with few.
constexpr int64_t kQueryRows = 512;

Tensor fused_attention(const Tensor& queries, const Tensor& keys, const Tensor& values, bool causal,
                       const std::optional<Tensor>& mask, double scale) {
  return std::get<0>(at::_scaled_dot_product_flash_attention_for_cpu(
      queries, keys, values, /*dropout_p=*/0.0, causal, mask, scale));
}

/// A fixed bias by distance [H, T]: the fused kernel, its mask a view, and its own backward.
Tensor hankel_attention(const Tensor& queries, const Tensor& keys, const Tensor& values,
                        const Tensor& bias, const Visibility& visibility, double scale) {
  const int64_t length = queries.size(2);
  const int64_t rows =
      std::min({kQueryRows, length,
                std::max<int64_t>(64, visibility.window > 0 ? visibility.window : length)});
  const HankelVector hankel(bias, rows, visibility);
  std::vector<Tensor> blocks;
  for (int64_t begin = 0; begin < length; begin += rows) {
    const LogitBlock block = make_block(begin, std::min(length, begin + rows), visibility);
    blocks.push_back(fused_attention(block_rows(queries, block), block_columns(keys, 2, block),
                                     block_columns(values, 2, block), /*causal=*/false,
                                     hankel.mask(block), scale)
                         .flip(2));
  }
  return blocks.size() == 1 ? blocks.front() : torch::cat(blocks, 2);
}

void check_shapes(const Tensor& queries, const Tensor& keys, const Tensor& values,
                  const AttentionBias& bias) {
  TORCH_CHECK(
      queries.dim() == 4 && queries.sizes() == keys.sizes() && queries.sizes() == values.sizes(),
      "attention takes q, k, v of one shape [B, H, T, K], not ", queries.sizes(), ", ",
      keys.sizes(), ", ", values.sizes());
  if (const auto* distance = std::get_if<DistanceBias>(&bias)) {
    TORCH_CHECK(distance->value.dim() == 2 && distance->value.size(0) == queries.size(1) &&
                    distance->value.size(1) == queries.size(2),
                "a bias by distance is [H, T], not ", distance->value.sizes());
  }
}

}  // namespace

Tensor causal_attention(const Tensor& queries, const Tensor& keys, const Tensor& values,
                        const AttentionBias& bias, const AttentionRule& rule) {
  check_shapes(queries, keys, values, bias);
  const double scale =
      rule.scale > 0 ? rule.scale : 1 / std::sqrt(static_cast<double>(queries.size(3)));
  const bool everything_seen =
      rule.visibility.window == 0 || rule.visibility.window >= queries.size(2);
  const Visibility visibility = everything_seen ? Visibility{} : rule.visibility;

  if (rule.dropout.probability == 0 && visibility.sinks == 0) {
    if (std::holds_alternative<NoBias>(bias)) {
      if (everything_seen)
        return fused_attention(queries, keys, values, /*causal=*/true, std::nullopt, scale);
      const auto nothing = torch::zeros({queries.size(1), queries.size(2)});
      return hankel_attention(queries, keys, values, nothing, visibility, scale);
    }
    const auto* distance = std::get_if<DistanceBias>(&bias);
    if (distance != nullptr && !(distance->value.requires_grad() && at::GradMode::is_enabled())) {
      return hankel_attention(queries, keys, values, distance->value, visibility, scale);
    }
  }
  return walk_attention(queries, keys, values, bias, scale, visibility, rule.dropout);
}

}  // namespace lengthwise
