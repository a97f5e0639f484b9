#include "launches.h"

/// The two small kernels of backward: what each row's slopes have in common, before the large ones,
/// and the bias's gradient out of its parts, after them.
namespace lengthwise::cuda {
namespace {

constexpr int kThreads = 256;

/// delta = sum over K of d_output * output, a row for kLanes lanes of 8 numbers each.
template <int K>
struct DeltaTile {
  static constexpr int kLanes = K <= 16 ? 2 : K <= 32 ? 4 : K <= 64 ? 8 : 16;
  static constexpr int kRows = kThreads / kLanes;
};

__device__ inline float product_of_pairs(uint32_t a, uint32_t b) {
  // A bfloat16 is the upper half of a float.
  return __uint_as_float(a << 16) * __uint_as_float(b << 16) +
         __uint_as_float(a & 0xffff0000U) * __uint_as_float(b & 0xffff0000U);
}

template <int K>
__global__ void __launch_bounds__(kThreads)
    delta_kernel(const __grid_constant__ BackwardArguments arguments) {
  using Tile = DeltaTile<K>;
  const int head = blockIdx.y, batch = blockIdx.z, lane = threadIdx.x % Tile::kLanes;
  const int row = blockIdx.x * Tile::kRows + threadIdx.x / Tile::kLanes;
  float sum = 0;
  if (row < arguments.problem.queries && lane < K / 8) {
    const uint4 slope =
        *reinterpret_cast<const uint4*>(head_rows(arguments.d_output, batch, head) +
                                        row * arguments.d_output.row_stride + lane * 8);
    const uint4 value = *reinterpret_cast<const uint4*>(
        head_rows(arguments.output, batch, head) + row * arguments.output.row_stride + lane * 8);
    sum = (product_of_pairs(slope.x, value.x) + product_of_pairs(slope.y, value.y)) +
          (product_of_pairs(slope.z, value.z) + product_of_pairs(slope.w, value.w));
  }
#pragma unroll
  for (int step = Tile::kLanes / 2; step > 0; step /= 2) sum += from_lane_xor(sum, step);
  if (lane == 0 && row < arguments.problem.queries) {
    arguments.delta[(static_cast<int64_t>(batch) * arguments.problem.heads + head) *
                        arguments.problem.queries +
                    row] = sum;
  }
}

constexpr int kSlices = kThreads / kWarp;

/// A block sums 32 distances of a head over batch and blocks of queries: eight slices, then these
/// in order.
__global__ void __launch_bounds__(kThreads)
    bias_sum_kernel(const __grid_constant__ BackwardArguments arguments) {
  const Problem& problem = arguments.problem;
  const int head = blockIdx.y, slice = threadIdx.x / kWarp, lane = threadIdx.x % kWarp;
  const int distance = blockIdx.x * kWarp + lane;
  const int blocks = (problem.queries + kQueryBlock - 1) / kQueryBlock;
  // A block of queries has written no distance beyond its last query's place.
  const int before = problem.length - problem.queries;
  const int first_block = max(0, distance - before) / kQueryBlock;
  double sum = 0;
  if (distance < problem.length) {
    for (int part = slice; part < arguments.batch * blocks; part += kSlices) {
      const int batch = part / blocks, block = part % blocks;
      if (block < first_block) continue;
      const int64_t vector = (static_cast<int64_t>(batch) * problem.heads + head) * blocks + block;
      sum += arguments.partial[vector * problem.length + distance];
    }
  }
  auto* sums = reinterpret_cast<double*>(shared_memory());
  sums[threadIdx.x] = sum;
  block_barrier();
  if (slice != 0 || distance >= problem.length) return;
  for (int other = 1; other < kSlices; ++other) sum += sums[other * kWarp + lane];
  arguments.d_bias[head * arguments.d_bias_stride + distance] = static_cast<float>(sum);
}

}  // namespace

template <int K>
cudaError_t launch_delta(const BackwardArguments& arguments, cudaStream_t stream) {
  const Problem& problem = arguments.problem;
  const dim3 grid((problem.queries + DeltaTile<K>::kRows - 1) / DeltaTile<K>::kRows, problem.heads,
                  arguments.batch);
  return launch(delta_kernel<K>, grid, kThreads, 0, stream, arguments);
}

cudaError_t launch_bias_sum(const BackwardArguments& arguments, cudaStream_t stream) {
  const Problem& problem = arguments.problem;
  const dim3 grid((problem.length + kWarp - 1) / kWarp, problem.heads);
  return launch(bias_sum_kernel, grid, kThreads, kThreads * static_cast<int>(sizeof(double)),
                stream, arguments);
}

template cudaError_t launch_delta<16>(const BackwardArguments&, cudaStream_t);
template cudaError_t launch_delta<32>(const BackwardArguments&, cudaStream_t);
template cudaError_t launch_delta<64>(const BackwardArguments&, cudaStream_t);
template cudaError_t launch_delta<96>(const BackwardArguments&, cudaStream_t);
template cudaError_t launch_delta<128>(const BackwardArguments&, cudaStream_t);

}  // namespace lengthwise::cuda
