#include "fused.cuh"

namespace lengthwise::cuda {
namespace {

constexpr int kThreads = 256;
constexpr int kColumns = 8 * kThreads;  // of a block

/// Blocks that share the rows of one stripe of columns.
int row_blocks(int64_t width) {
  const auto stripes = static_cast<int>((width + kColumns - 1) / kColumns);
  const int blocks = kSumBlocks / stripes;
  return blocks < 1 ? 1 : blocks;
}

__device__ inline float logistic(float x) {
  return 1.0f / (1.0f + expf(-x));
}

/// d/dx of x Phi(x), Phi the normal distribution function.
__device__ inline float gelu_slope(float x) {
  constexpr float kRootHalf = 0.70710678118654752f, kDensity = 0.39894228040143268f;
  return 0.5f * (1.0f + erff(x * kRootHalf)) + x * kDensity * expf(-0.5f * x * x);
}

struct Arguments {
  ActivationBackward call;
  float* other_workspace;
};

/// A thread has eight columns, and every gridDim.x-th row of them.
template <Slope slope>
__global__ void __launch_bounds__(kThreads)
    activation_slopes(const __grid_constant__ Arguments arguments) {
  const ActivationBackward& a = arguments.call;
  const int64_t column =
      static_cast<int64_t>(blockIdx.y) * kColumns + 8 * static_cast<int>(threadIdx.x);
  if (column >= a.width) return;
  float sums[8] = {}, other_sums[8] = {};
#pragma unroll 2
  for (int64_t row = blockIdx.x; row < a.rows; row += gridDim.x) {
    const int64_t index = row * a.width + column;
    float d[8], saved[8], other[8];
    load_8(d, a.d_output, index);
    if constexpr (slope != Slope::one) load_8(saved, a.saved, index);
    if constexpr (slope == Slope::silu_gated) load_8(other, a.other, index);
#pragma unroll
    for (int i = 0; i < 8; ++i) {
      if constexpr (slope == Slope::relu) {
        d[i] = saved[i] > 0 ? d[i] : 0.0f;
      } else if constexpr (slope == Slope::gelu) {
        d[i] = rounded(d[i] * gelu_slope(saved[i]));
      } else if constexpr (slope == Slope::silu_gated) {
        const float part = logistic(saved[i]);
        const float factor = other[i] * part * (1.0f + saved[i] * (1.0f - part));
        other[i] = rounded(d[i] * saved[i] * part);
        other_sums[i] += other[i];
        d[i] = rounded(d[i] * factor);
      }
      sums[i] += d[i];
    }
    if constexpr (slope != Slope::one) store_8(a.d_input, index, d);
    if constexpr (slope == Slope::silu_gated) store_8(a.d_other, index, other);
  }
  const auto leave = [&](float* workspace, const float(&all)[8]) {
    float* to = workspace + blockIdx.x * a.width + column;
    const float low[4] = {all[0], all[1], all[2], all[3]};
    const float high[4] = {all[4], all[5], all[6], all[7]};
    store_4(to, low);
    store_4(to + 4, high);
  };
  if (a.d_bias != nullptr) leave(a.workspace, sums);
  if (slope == Slope::silu_gated && a.d_bias != nullptr) {
    leave(arguments.other_workspace, other_sums);
  }
}

__global__ void __launch_bounds__(kThreads) gate_products(const __grid_constant__ GatedForward a) {
  const int64_t index = 8 * (static_cast<int64_t>(blockIdx.x) * kThreads + threadIdx.x);
  if (index >= a.count) return;
  float gate[8], other[8];
  load_8(gate, a.gate, index);
  load_8(other, a.other, index);
#pragma unroll
  for (int i = 0; i < 8; ++i) gate[i] *= logistic(gate[i]) * other[i];
  store_8(a.output, index, gate);
}

cudaError_t launch_slopes(const Arguments& arguments, dim3 grid, cudaStream_t stream) {
  switch (arguments.call.slope) {
    case Slope::relu:
      return launch(activation_slopes<Slope::relu>, grid, kThreads, 0, stream, arguments);
    case Slope::gelu:
      return launch(activation_slopes<Slope::gelu>, grid, kThreads, 0, stream, arguments);
    case Slope::silu_gated:
      return launch(activation_slopes<Slope::silu_gated>, grid, kThreads, 0, stream, arguments);
    default:
      return launch(activation_slopes<Slope::one>, grid, kThreads, 0, stream, arguments);
  }
}

}  // namespace

extern "C" int64_t lengthwise_activation_workspace(int64_t width) {
  return int64_t{2} * row_blocks(width) * width;
}

extern "C" int lengthwise_activation_backward(const ActivationBackward* call, CUstream_st* stream) {
  if (call->rows <= 0 || call->width <= 0 || call->width % 8 != 0 ||
      call->width > int64_t{kColumns} * 65535) {
    return kBadArgument;
  }
  const int most = row_blocks(call->width);
  const int blocks = call->rows < most ? static_cast<int>(call->rows) : most;
  const Arguments arguments{*call, call->workspace + blocks * call->width};
  const dim3 grid(blocks, static_cast<unsigned>((call->width + kColumns - 1) / kColumns));
  if (const auto error = launch_slopes(arguments, grid, stream)) return code_of(error);
  if (call->d_bias == nullptr) return 0;
  const bool gated = call->slope == Slope::silu_gated;
  return code_of(
      launch_column_sums({call->workspace, call->d_bias},
                         {arguments.other_workspace, gated ? call->d_other_bias : nullptr}, blocks,
                         call->width, stream));
}

extern "C" int lengthwise_gated_forward(const GatedForward* call, CUstream_st* stream) {
  if (call->count <= 0 || call->count % 8 != 0) return kBadArgument;
  const dim3 grid(static_cast<unsigned>((call->count + kColumns - 1) / kColumns));
  return code_of(launch(gate_products, grid, kThreads, 0, stream, *call));
}

}  // namespace lengthwise::cuda
