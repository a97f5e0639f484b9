#include "model/attention_kernels.h"

#include <ATen/ops/_scaled_dot_product_flash_attention_for_cpu.h>

#include <algorithm>
#include <limits>

namespace lengthwise {
namespace {

/// Rows of queries taken at once under a bias: the fused kernel is fastest with many, and the
/// causal half of the work is only saved with few.
constexpr int64_t kQueryRows = 512;

torch::Tensor fused_attention(const torch::Tensor& queries, const torch::Tensor& keys,
                              const torch::Tensor& values, bool causal,
                              const std::optional<torch::Tensor>& mask) {
  return std::get<0>(at::_scaled_dot_product_flash_attention_for_cpu(
      queries, keys, values, /*dropout_p=*/0.0, causal, mask));
}

torch::Tensor attend(const torch::Tensor& queries, const torch::Tensor& keys,
                     const torch::Tensor& values, const NoBias&) {
  return fused_attention(queries, keys, values, /*causal=*/true, std::nullopt);
}

/// A bias by distance is a Toeplitz matrix, one vector a head. A view cannot have a negative
/// stride, so the rows are taken in reverse: row i' of a block that ends at `end` is query
/// end-1-i', its distance to key j is end-1-(i'+j), and the entry depends on i' + j alone: a view
/// with strides (1, 1) of a vector that holds the distances falling to 0 and then minus infinity,
/// which is the causal mask.
torch::Tensor attend(const torch::Tensor& queries, const torch::Tensor& keys,
                     const torch::Tensor& values, const DistanceBias& bias) {
  const int64_t heads = queries.size(1), length = queries.size(2);
  TORCH_CHECK(bias.value.dim() == 2 && bias.value.size(0) == heads && bias.value.size(1) == length,
              "a bias by distance for ", heads, " heads and ", length, " tokens is [H, T], not ",
              bias.value.sizes());
  TORCH_CHECK(!bias.value.requires_grad(), "no gradients reach a bias by distance yet");
  const int64_t rows_at_most = std::min(kQueryRows, length);
  const auto future =
      torch::full({heads, rows_at_most - 1}, -std::numeric_limits<float>::infinity());
  const auto falling = torch::cat({bias.value.flip(1), future}, 1);  // [H, T + rows - 1]

  std::vector<torch::Tensor> blocks;
  for (int64_t begin = 0; begin < length; begin += rows_at_most) {
    const int64_t end = std::min(length, begin + rows_at_most);
    const auto mask = falling.as_strided({1, heads, end - begin, end},
                                         {falling.numel(), falling.stride(0), 1, 1}, length - end);
    blocks.push_back(fused_attention(queries.slice(2, begin, end).flip(2), keys.slice(2, 0, end),
                                     values.slice(2, 0, end), /*causal=*/false, mask)
                         .flip(2));
  }
  return blocks.size() == 1 ? blocks.front() : torch::cat(blocks, 2);
}

}  // namespace

torch::Tensor causal_attention(const torch::Tensor& queries, const torch::Tensor& keys,
                               const torch::Tensor& values, const AttentionBias& bias) {
  TORCH_CHECK(
      queries.dim() == 4 && queries.sizes() == keys.sizes() && queries.sizes() == values.sizes(),
      "attention takes q, k, v of one shape [B, H, T, K], not ", queries.sizes(), ", ",
      keys.sizes(), ", ", values.sizes());
  return std::visit([&](const auto& kind) { return attend(queries, keys, values, kind); }, bias);
}

}  // namespace lengthwise
