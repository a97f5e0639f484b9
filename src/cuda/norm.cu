#include "fused.cuh"

namespace lengthwise::cuda {
namespace {

/// A thread has this many groups of four columns of a row.
constexpr int kGroups = 2;
constexpr int kMostWidth = 1024 * kGroups * 4;

/// Threads of a block that has a row at a time.
int threads_of(int64_t width) {
  const auto threads = static_cast<int>((width + 4 * kGroups - 1) / (4 * kGroups));
  return (threads + kWarp - 1) / kWarp * kWarp;
}

__device__ inline int column_of(int group) {
  return 4 * (group * static_cast<int>(blockDim.x) + static_cast<int>(threadIdx.x));
}

constexpr int scratch_bytes(int threads) {
  return 2 * 2 * (threads / kWarp) * static_cast<int>(sizeof(float));
}

/// A block a row, which stays in registers between its sums.
__global__ void __launch_bounds__(1024) add_and_norm(const __grid_constant__ NormForward a) {
  auto* scratch = reinterpret_cast<float*>(shared_memory());
  float* const other_scratch = scratch + 2 * (blockDim.x / kWarp);
  const int64_t row = static_cast<int64_t>(blockIdx.x) * a.width;
  const auto width = static_cast<int>(a.width);
  const float part = 1.0f / static_cast<float>(width);
  float x[kGroups][4], mean = 0, squares = 0, unused = 0;
#pragma unroll
  for (int g = 0; g < kGroups; ++g) {
    const int column = column_of(g);
    if (column >= width) continue;
    load_4(x[g], a.x + row + column);
    if (a.branch != nullptr) {
      float branch[4];
      load_4(branch, a.branch, row + column);
#pragma unroll
      for (int i = 0; i < 4; ++i) x[g][i] += branch[i];
      store_4(a.sum + row + column, x[g]);
    }
#pragma unroll
    for (int i = 0; i < 4; ++i) mean += x[g][i];
  }
  if (a.bias != nullptr) {
    block_sums(mean, unused, scratch);
    mean *= part;
  } else {
    mean = 0;
  }
#pragma unroll
  for (int g = 0; g < kGroups; ++g) {
    if (column_of(g) >= width) continue;
#pragma unroll
    for (int i = 0; i < 4; ++i) squares += (x[g][i] - mean) * (x[g][i] - mean);
  }
  block_sums(squares, unused, other_scratch);
  const float rstd = 1.0f / sqrtf(squares * part + a.epsilon);
  if (threadIdx.x == 0) {
    a.statistics[2 * static_cast<int64_t>(blockIdx.x)] = mean;
    a.statistics[2 * static_cast<int64_t>(blockIdx.x) + 1] = rstd;
  }
#pragma unroll
  for (int g = 0; g < kGroups; ++g) {
    const int column = column_of(g);
    if (column >= width) continue;
    float weight[4], bias[4] = {}, y[4];
    load_4(weight, a.weight + column);
    if (a.bias != nullptr) load_4(bias, a.bias + column);
#pragma unroll
    for (int i = 0; i < 4; ++i) y[i] = (x[g][i] - mean) * rstd * weight[i] + bias[i];
    store_4(a.normed, row + column, y);
  }
}

/// With h = (x - mean) rstd and g = d_normed weight: d_x = rstd (g - mean(g) - h mean(g h)), and
/// without mean(g) for RMS norm. A block goes through every kSumBlocks-th row and leaves its sums
/// of d_normed h, and behind all blocks' of them those of d_normed, in the workspace.
__global__ void __launch_bounds__(1024) norm_gradients(const __grid_constant__ NormBackward a) {
  auto* scratch = reinterpret_cast<float*>(shared_memory());
  const int scratch_floats = 2 * (blockDim.x / kWarp);
  const auto width = static_cast<int>(a.width);
  const float part = 1.0f / static_cast<float>(width);
  float weight[kGroups][4], d_weight[kGroups][4] = {}, d_bias[kGroups][4] = {};
#pragma unroll
  for (int g = 0; g < kGroups; ++g) {
    if (column_of(g) < width) load_4(weight[g], a.weight + column_of(g));
  }
  int turn = 0;
  for (int64_t r = blockIdx.x; r < a.rows; r += gridDim.x, turn ^= 1) {
    const int64_t row = r * a.width;
    const float mean = a.statistics[2 * r], rstd = a.statistics[2 * r + 1];
    float h[kGroups][4], slope[kGroups][4], other[kGroups][4] = {}, sum = 0, product = 0;
#pragma unroll
    for (int g = 0; g < kGroups; ++g) {
      const int column = column_of(g);
      if (column >= width) continue;
      load_4(h[g], a.sum + row + column);
      load_4(slope[g], a.d_normed, row + column);
      if (a.d_sum != nullptr) load_4(other[g], a.d_sum + row + column);
    }
#pragma unroll
    for (int g = 0; g < kGroups; ++g) {
      if (column_of(g) >= width) continue;
#pragma unroll
      for (int i = 0; i < 4; ++i) {
        h[g][i] = (h[g][i] - mean) * rstd;
        d_weight[g][i] += slope[g][i] * h[g][i];
        d_bias[g][i] += slope[g][i];
        slope[g][i] *= weight[g][i];
        sum += slope[g][i];
        product += slope[g][i] * h[g][i];
      }
    }
    block_sums(sum, product, scratch + turn * scratch_floats);
    sum = a.d_bias != nullptr ? sum * part : 0;
    product *= part;
#pragma unroll
    for (int g = 0; g < kGroups; ++g) {
      const int column = column_of(g);
      if (column >= width) continue;
      float d_x[4];
#pragma unroll
      for (int i = 0; i < 4; ++i) {
        d_x[i] = rstd * (slope[g][i] - sum - h[g][i] * product) + other[g][i];
      }
      store_4(a.d_x + row + column, d_x);
      if (a.d_branch != nullptr) store_4(a.d_branch, row + column, d_x);
    }
  }
  float* const weights = a.workspace + blockIdx.x * a.width;
#pragma unroll
  for (int g = 0; g < kGroups; ++g) {
    const int column = column_of(g);
    if (column >= width) continue;
    store_4(weights + column, d_weight[g]);
    if (a.d_bias != nullptr) store_4(weights + kSumBlocks * a.width + column, d_bias[g]);
  }
}

bool is_width(int64_t width) {
  return width > 0 && width % 4 == 0 && width <= kMostWidth;
}

}  // namespace

extern "C" int lengthwise_norm_forward(const NormForward* call, CUstream_st* stream) {
  if (!is_width(call->width) || call->rows <= 0 || call->rows > (int64_t{1} << 30)) {
    return kBadArgument;
  }
  const int threads = threads_of(call->width);
  return code_of(launch(add_and_norm, dim3(static_cast<unsigned>(call->rows)), threads,
                        scratch_bytes(threads), stream, *call));
}

extern "C" int64_t lengthwise_norm_workspace(int64_t width) {
  return int64_t{2} * kSumBlocks * width;
}

extern "C" int lengthwise_norm_backward(const NormBackward* call, CUstream_st* stream) {
  if (!is_width(call->width) || call->rows <= 0) return kBadArgument;
  const int threads = threads_of(call->width);
  const int blocks = call->rows < kSumBlocks ? static_cast<int>(call->rows) : kSumBlocks;
  if (const auto error =
          launch(norm_gradients, dim3(blocks), threads, scratch_bytes(threads), stream, *call)) {
    return code_of(error);
  }
  return code_of(launch_column_sums({call->workspace, call->d_weight},
                                    {call->workspace + kSumBlocks * call->width, call->d_bias},
                                    blocks, call->width, stream));
}

}  // namespace lengthwise::cuda
