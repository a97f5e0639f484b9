#pragma once

#include "fused.h"
#include "primitives.cuh"

/// What the kernels of fused.h share: four or eight numbers at a time, and sums in a fixed order.
namespace lengthwise::cuda {

constexpr int kWarp = 32;
constexpr int kBadArgument = 1, kCudaError = 1000;

inline int code_of(cudaError_t error) {
  return error == cudaSuccess ? 0 : kCudaError + static_cast<int>(error);
}

inline bool is_aligned(const void* pointer, uintptr_t bytes) {
  return reinterpret_cast<uintptr_t>(pointer) % bytes == 0;
}

__device__ inline float lower(uint32_t pair) {
  return __uint_as_float(pair << 16);
}
__device__ inline float upper(uint32_t pair) {
  return __uint_as_float(pair & 0xffff0000U);
}

/// Floats from and to memory aligned to their size.
__device__ inline void load_4(float (&to)[4], const float* from) {
  const float4 four = *reinterpret_cast<const float4*>(from);
  to[0] = four.x, to[1] = four.y, to[2] = four.z, to[3] = four.w;
}
__device__ inline void store_4(float* to, const float (&from)[4]) {
  *reinterpret_cast<float4*>(to) = float4{from[0], from[1], from[2], from[3]};
}

/// The same of bfloat16; `index` counts numbers.
__device__ inline void load_4(float (&to)[4], const void* from, int64_t index) {
  const uint2 four = *reinterpret_cast<const uint2*>(static_cast<const char*>(from) + 2 * index);
  to[0] = lower(four.x), to[1] = upper(four.x), to[2] = lower(four.y), to[3] = upper(four.y);
}
__device__ inline void store_4(void* to, int64_t index, const float (&from)[4]) {
  *reinterpret_cast<uint2*>(static_cast<char*>(to) + 2 * index) =
      uint2{pack(from[0], from[1]), pack(from[2], from[3])};
}
__device__ inline void load_8(float (&to)[8], const void* from, int64_t index) {
  const uint4 all = *reinterpret_cast<const uint4*>(static_cast<const char*>(from) + 2 * index);
  const uint32_t pairs[4] = {all.x, all.y, all.z, all.w};
#pragma unroll
  for (int i = 0; i < 4; ++i) to[2 * i] = lower(pairs[i]), to[2 * i + 1] = upper(pairs[i]);
}
__device__ inline void store_8(void* to, int64_t index, const float (&from)[8]) {
  *reinterpret_cast<uint4*>(static_cast<char*>(to) + 2 * index) =
      uint4{pack(from[0], from[1]), pack(from[2], from[3]), pack(from[4], from[5]),
            pack(from[6], from[7])};
}

/// What `pack` makes of a number, as a float again.
__device__ inline float rounded(float x) {
  return lower(pack(x, 0.0f));
}

/// The sum over the warp, in every lane.
__device__ inline float warp_sum(float x) {
#pragma unroll
  for (int mask = kWarp / 2; mask > 0; mask /= 2) x += from_lane_xor(x, mask);
  return x;
}

/// The sums of both numbers over the block, in every thread; scratch: 2 floats a warp in shared
/// memory, which must not be in use: a caller alternates between two.
__device__ inline void block_sums(float& first, float& second, float* scratch) {
  const int warps = (static_cast<int>(blockDim.x) + kWarp - 1) / kWarp;
  const int warp = static_cast<int>(threadIdx.x) / kWarp;
  first = warp_sum(first), second = warp_sum(second);
  if (threadIdx.x % kWarp == 0) scratch[2 * warp] = first, scratch[2 * warp + 1] = second;
  block_barrier();
  first = second = 0;
  for (int w = 0; w < warps; ++w) first += scratch[2 * w], second += scratch[2 * w + 1];
}

/// Blocks that share the rows of a matrix whose columns are summed: enough for every device, and
/// the same number on all. A partial sum a block is then added up in the order of the blocks.
constexpr int kSumBlocks = 1056;  // 8 a multiprocessor of an H100

/// Partial sums [blocks, columns] and where their own sums go, [columns].
struct ColumnSums {
  const float* partial = nullptr;
  float* to = nullptr;
};

/// One matrix of partial sums, or two of one shape: null: there is no second.
cudaError_t launch_column_sums(const ColumnSums& first, const ColumnSums& second, int blocks,
                               int64_t columns, cudaStream_t stream);

}  // namespace lengthwise::cuda
