#include "fused.cuh"

namespace lengthwise::cuda {
namespace {

constexpr int kGroups = 32;  // of blocks' partial sums, a warp each

struct Arguments {
  ColumnSums sums[2];
  int blocks;
  int64_t columns;
};

/// A block sums 32 columns: a warp a group of partial sums, then the groups in their order.
__global__ void __launch_bounds__(kGroups* kWarp) sum_columns(const __grid_constant__ Arguments a) {
  auto* groups = reinterpret_cast<float*>(shared_memory());
  const int lane = threadIdx.x % kWarp, group = threadIdx.x / kWarp;
  const int64_t column = static_cast<int64_t>(blockIdx.x) * kWarp + lane;
  const ColumnSums sums = blockIdx.y == 0 ? a.sums[0] : a.sums[1];
  float sum = 0;
  if (column < a.columns) {
#pragma unroll 8
    for (int block = group; block < a.blocks; block += kGroups) {
      sum += sums.partial[block * a.columns + column];
    }
  }
  groups[threadIdx.x] = sum;
  block_barrier();
  if (group != 0 || column >= a.columns) return;
  for (int g = 1; g < kGroups; ++g) sum += groups[g * kWarp + lane];
  sums.to[column] = sum;
}

}  // namespace

cudaError_t launch_column_sums(const ColumnSums& first, const ColumnSums& second, int blocks,
                               int64_t columns, cudaStream_t stream) {
  const Arguments arguments{{first, second}, blocks, columns};
  const dim3 grid(static_cast<unsigned>((columns + kWarp - 1) / kWarp),
                  second.to != nullptr ? 2U : 1U);
  return launch(sum_columns, grid, kGroups * kWarp, kGroups * kWarp * 4, stream, arguments);
}

}  // namespace lengthwise::cuda
