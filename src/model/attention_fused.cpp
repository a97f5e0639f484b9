#include "model/attention_fused.h"

#include <ATen/ops/_scaled_dot_product_efficient_attention.h>
#include <ATen/ops/_scaled_dot_product_efficient_attention_backward.h>
#include <ATen/ops/_scaled_dot_product_flash_attention_for_cpu.h>
#include <ATen/ops/_scaled_dot_product_flash_attention_for_cpu_backward.h>
#include <ATen/ops/scaled_dot_product_attention.h>

#include <limits>

namespace lengthwise {
namespace {

using torch::Tensor;

FusedAttention on_cpu(const Tensor& queries, const Tensor& keys, const Tensor& values,
                      const Tensor& mask, double scale) {
  auto [output, log_sum] = at::_scaled_dot_product_flash_attention_for_cpu(
      queries, keys, values, /*dropout_p=*/0.0, /*is_causal=*/false, mask, scale);
  return {output, log_sum};
}

FusedGradients backward_on_cpu(const Tensor& upstream, const FusedForward& forward,
                               const Tensor& mask, double scale) {
  auto [queries, keys, values] = at::_scaled_dot_product_flash_attention_for_cpu_backward(
      upstream, forward.queries, forward.keys, forward.values, forward.result.output,
      forward.result.log_sum, /*dropout_p=*/0.0, /*is_causal=*/false, mask, scale);
  return {queries, keys, values};
}

/// CUDA's kernel reads masks in rows that begin at multiples of 16 bytes.
Tensor aligned(const Tensor& mask, int64_t batch) {
  constexpr int64_t kRowMultiple = 8;
  const int64_t columns = mask.size(3);
  const int64_t row = (columns + kRowMultiple - 1) / kRowMultiple * kRowMultiple;
  auto copy = torch::empty({mask.size(0), mask.size(1), mask.size(2), row}, mask.options());
  const auto seen = copy.slice(3, 0, columns);
  seen.copy_(mask);
  return seen.expand({batch, -1, -1, -1});
}

/// The kernel adds masks in the type of its queries. A bias in bfloat16 would not tell distant keys
/// apart, so everything is float32 here.
struct CudaInputs {
  Tensor queries, keys, values, mask;
};

CudaInputs cuda_inputs(const Tensor& queries, const Tensor& keys, const Tensor& values,
                       const Tensor& mask) {
  return {queries.to(torch::kFloat32), keys.to(torch::kFloat32), values.to(torch::kFloat32),
          aligned(mask, queries.size(0))};
}

FusedAttention on_cuda(const Tensor& queries, const Tensor& keys, const Tensor& values,
                       const Tensor& mask, double scale) {
  const auto in = cuda_inputs(queries, keys, values, mask);
  auto [output, log_sum, seed, offset] = at::_scaled_dot_product_efficient_attention(
      in.queries, in.keys, in.values, in.mask, /*compute_log_sumexp=*/true, /*dropout_p=*/0.0,
      /*is_causal=*/false, scale);
  return {output.to(queries.scalar_type()), log_sum.slice(2, 0, queries.size(2))};
}

FusedGradients backward_on_cuda(const Tensor& upstream, const FusedForward& forward,
                                const Tensor& mask, double scale) {
  constexpr int64_t kRows = 32;  // the kernel pads the sums of its rows to whole blocks
  const auto in = cuda_inputs(forward.queries, forward.keys, forward.values, mask);
  const auto type = in.queries.scalar_type();
  const int64_t rows = forward.queries.size(2);
  const auto sums = at::constant_pad_nd(forward.result.log_sum, {0, (kRows - rows % kRows) % kRows},
                                        std::numeric_limits<double>::infinity());
  const auto nothing = torch::zeros({}, upstream.options().dtype(torch::kInt64));
  auto [queries, keys, values, bias] = at::_scaled_dot_product_efficient_attention_backward(
      upstream.to(type), in.queries, in.keys, in.values, in.mask, forward.result.output.to(type),
      sums, nothing, nothing, /*dropout_p=*/0.0, {true, true, true, false}, /*is_causal=*/false,
      scale);
  return {queries, keys, values};
}

Tensor plain_on_cpu(const Tensor& queries, const Tensor& keys, const Tensor& values, double scale) {
  return std::get<0>(at::_scaled_dot_product_flash_attention_for_cpu(
      queries, keys, values, /*dropout_p=*/0.0, /*is_causal=*/true, /*attn_mask=*/std::nullopt,
      scale));
}

/// LibTorch's own choice of kernel.
Tensor plain_elsewhere(const Tensor& queries, const Tensor& keys, const Tensor& values,
                       double scale) {
  return at::scaled_dot_product_attention(queries, keys, values, /*attn_mask=*/std::nullopt,
                                          /*dropout_p=*/0.0, /*is_causal=*/true, scale);
}

/// Shapes alone.
FusedAttention on_meta(const Tensor& queries, const Tensor&, const Tensor&, const Tensor&, double) {
  const auto float32 = queries.options().dtype(torch::kFloat32);
  return {torch::empty_like(queries), torch::empty(queries.sizes().slice(0, 3), float32)};
}

FusedGradients backward_on_meta(const Tensor&, const FusedForward& forward, const Tensor&, double) {
  return {torch::empty_like(forward.queries), torch::empty_like(forward.keys),
          torch::empty_like(forward.values)};
}

struct Kernels {
  torch::DeviceType device;
  FusedAttention (*forward)(const Tensor&, const Tensor&, const Tensor&, const Tensor&, double);
  FusedGradients (*backward)(const Tensor&, const FusedForward&, const Tensor&, double);
  Tensor (*plain)(const Tensor&, const Tensor&, const Tensor&, double);
};

constexpr Kernels kKernels[] = {
    {torch::kCPU, on_cpu, backward_on_cpu, plain_on_cpu},
    {torch::kCUDA, on_cuda, backward_on_cuda, plain_elsewhere},
    {torch::kMeta, on_meta, backward_on_meta, plain_elsewhere},
};

const Kernels& kernels_of(const Tensor& queries) {
  for (const Kernels& kernels : kKernels) {
    if (kernels.device == queries.device().type()) return kernels;
  }
  TORCH_CHECK(false, "there is no fused attention on ", queries.device());
}

}  // namespace

FusedAttention fused_attention(const Tensor& queries, const Tensor& keys, const Tensor& values,
                               const Tensor& mask, double scale) {
  return kernels_of(queries).forward(queries, keys, values, mask, scale);
}

FusedGradients fused_attention_backward(const Tensor& upstream, const FusedForward& forward,
                                        const Tensor& mask, double scale) {
  return kernels_of(forward.queries).backward(upstream, forward, mask, scale);
}

Tensor plain_causal_attention(const Tensor& queries, const Tensor& keys, const Tensor& values,
                              double scale) {
  return kernels_of(queries).plain(queries, keys, values, scale);
}

}  // namespace lengthwise
