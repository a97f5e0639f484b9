#include "diagonals.cuh"
#include "launches.h"

/// Gradients of queries, and each block's share of the bias's: a block of queries walks over its
/// tiles of keys as in forward.
namespace lengthwise::cuda {
namespace {

template <int WIDTH, bool SUMS>
struct QueryTile {
  static constexpr int K = WIDTH, kWarps = 4, kRowTiles = 2;
  static constexpr int kKeys = WIDTH <= 64 ? 64 : 32;
  static constexpr int kThreads = kWarps * kWarp;
  static constexpr int kQueries = kWarps * kRowTiles * 16;
  static constexpr int kBlocks = 2;
  static_assert(kQueries == kQueryBlock);
  using Diagonals = DiagonalSums<kWarps, kRowTiles, kKeys / 8>;

  // Shared memory: queries, d_output; two stages of keys, values, bias; the diagonals' sums.
  static constexpr int kQueryBytes = kQueries * kRowBytes<K>;
  static constexpr int kKeyBytes = kKeys * kRowBytes<K>;
  static constexpr int kBiasCount = kQueries + kKeys;  // one more than there are distances
  static constexpr int kStageBytes = 2 * kKeyBytes + 4 * kBiasCount;
  static constexpr int kTileBytes = 2 * kQueryBytes + 2 * kStageBytes;
  static constexpr int kBytes = kTileBytes + (SUMS ? Diagonals::kBytes : 0);
};

template <class Tile, bool BIAS, bool SUMS>
__global__ void __launch_bounds__(Tile::kThreads, Tile::kBlocks)
    query_gradient_kernel(const __grid_constant__ BackwardArguments arguments) {
  constexpr int K = Tile::K, MT = Tile::kRowTiles, NT = Tile::kKeys / 8;
  const Problem& problem = arguments.problem;
  const int head = blockIdx.y, batch = blockIdx.z;
  const int warp = threadIdx.x / kWarp, lane = threadIdx.x % kWarp, g = lane / 4, t = lane % 4;

  const int block = gridDim.x - 1 - blockIdx.x, row = block * Tile::kQueries;
  const int first = problem.length - problem.queries + row;  // place of the block's first query
  const int rows = min(Tile::kQueries, problem.queries - row);
  const Seen seen{problem.window, problem.sinks, problem.length};
  const KeyTiles tiles(seen, first, first + rows - 1, Tile::kKeys);

  const uint16_t* keys = head_rows(arguments.k, batch, head);
  const uint16_t* values = head_rows(arguments.v, batch, head);
  const int64_t head_index = static_cast<int64_t>(batch) * problem.heads + head;
  const float* bias = BIAS ? problem.bias + head * problem.bias_stride : nullptr;
  char* memory = shared_memory();
  const uint32_t query_tile = shared_address(memory);
  const uint32_t upstream_tile = query_tile + Tile::kQueryBytes;

  const auto load_stage = [&](int x) {
    const uint32_t stage = query_tile + 2 * Tile::kQueryBytes + (x % 2) * Tile::kStageBytes;
    const int key = tiles.tile(x) * Tile::kKeys, valid = problem.length - key;
    copy_rows<K, Tile::kKeys, Tile::kThreads>(stage, keys + key * arguments.k.row_stride,
                                              arguments.k.row_stride, valid);
    copy_rows<K, Tile::kKeys, Tile::kThreads>(stage + Tile::kKeyBytes,
                                              values + key * arguments.v.row_stride,
                                              arguments.v.row_stride, valid);
    if constexpr (BIAS) {
      copy_numbers<Tile::kBiasCount, Tile::kThreads>(
          stage + 2 * Tile::kKeyBytes, bias, first - key - (Tile::kKeys - 1), problem.bias_length);
    }
  };
  copy_rows<K, Tile::kQueries, Tile::kThreads>(
      query_tile, head_rows(arguments.q, batch, head) + row * arguments.q.row_stride,
      arguments.q.row_stride, rows);
  copy_rows<K, Tile::kQueries, Tile::kThreads>(
      upstream_tile,
      head_rows(arguments.d_output, batch, head) + row * arguments.d_output.row_stride,
      arguments.d_output.row_stride, rows);
  load_stage(0);

  const int warp_row = warp * MT * 16, place = first + warp_row;
  const uint32_t left = warp_row * kRowBytes<K> + left_offset<K>(lane);
  float log_sum[MT][2], delta[MT][2];  // log_sum in units of ln 2
#pragma unroll
  for (int m = 0; m < MT; ++m) {
#pragma unroll
    for (int h = 0; h < 2; ++h) {
      const int own = warp_row + 16 * m + 8 * h + g;
      const int64_t at = head_index * problem.queries + row + own;
      // Padding rows have weights exp2(-infinity) = 0.
      log_sum[m][h] = own < rows ? arguments.log_sum[at] * kLog2E : INFINITY;
      delta[m][h] = own < rows ? arguments.delta[at] : 0;
    }
  }
  const int64_t blocks = gridDim.x;
  typename Tile::Diagonals sums(
      memory + (SUMS ? Tile::kTileBytes : 0),
      SUMS ? arguments.partial + (head_index * blocks + block) * problem.length : nullptr,
      first - tiles.tile(0) * Tile::kKeys - (Tile::kKeys - 1), first + rows - 1);

  float d_queries[MT][K / 8][4] = {};
  for (int x = 0; x < tiles.count(); ++x) {
    wait_for_copies();
    block_barrier();
    if (x + 1 < tiles.count()) load_stage(x + 1);

    const int key = tiles.tile(x) * Tile::kKeys;
    if (!seen.nothing(place, MT * 16, key, Tile::kKeys)) {
      const int offset = 2 * Tile::kQueryBytes + (x % 2) * Tile::kStageBytes;
      const uint32_t stage = query_tile + offset;
      const auto* bias_tile = reinterpret_cast<const float*>(memory + offset + 2 * Tile::kKeyBytes);
      float weights[MT][NT][4], slopes[MT][NT][4];
      multiply_rows<K>(weights, query_tile + left, stage + right_offset<K>(lane));
      finish_logits<1, BIAS>(weights, problem.scale * kLog2E,
                             bias_tile + warp_row + g - 2 * t + Tile::kKeys - 1,
                             !seen.everything(place, MT * 16, key, Tile::kKeys), seen,
                             place + g - key - 2 * t, key + 2 * t);
      multiply_rows<K>(slopes, upstream_tile + left,
                       stage + Tile::kKeyBytes + right_offset<K>(lane));
#pragma unroll
      for (int m = 0; m < MT; ++m) {
#pragma unroll
        for (int n = 0; n < NT; ++n) {
#pragma unroll
          for (int i = 0; i < 4; ++i) {
            const float weight = exp2_fast(weights[m][n][i] - log_sum[m][i / 2]);
            slopes[m][n][i] = weight * (slopes[m][n][i] - delta[m][i / 2]);
          }
        }
      }
      if constexpr (SUMS) sums.scatter(slopes);
      add_weighted_rows<K>(d_queries, slopes, stage + right_offset_transposed<K>(lane));
    } else if constexpr (SUMS) {
      sums.scatter_nothing();
    }
    if constexpr (SUMS) {
      block_barrier();
      sums.collect(first - key - (Tile::kKeys - 1));
    }
  }
  if constexpr (SUMS) sums.finish();

  float scale[MT][2];
#pragma unroll
  for (int m = 0; m < MT; ++m) scale[m][0] = scale[m][1] = problem.scale;
  store_rows<MT, K>(
      head_rows(arguments.d_q, batch, head) + (row + warp_row) * arguments.d_q.row_stride,
      arguments.d_q.row_stride, rows - warp_row, d_queries, scale);
}

template <int K, bool SUMS>
cudaError_t launch_instance(const BackwardArguments& arguments, bool bias, cudaStream_t stream) {
  using Tile = QueryTile<K, SUMS>;
  const Problem& problem = arguments.problem;
  const dim3 grid((problem.queries + Tile::kQueries - 1) / Tile::kQueries, problem.heads,
                  arguments.batch);
  if constexpr (SUMS) {
    return launch(query_gradient_kernel<Tile, true, true>, grid, Tile::kThreads, Tile::kBytes,
                  stream, arguments);
  } else {
    return launch(
        bias ? query_gradient_kernel<Tile, true, false> : query_gradient_kernel<Tile, false, false>,
        grid, Tile::kThreads, Tile::kBytes, stream, arguments);
  }
}

}  // namespace

template <int K>
cudaError_t launch_query_gradients(const BackwardArguments& arguments, bool bias,
                                   cudaStream_t stream) {
  return arguments.partial != nullptr ? launch_instance<K, true>(arguments, bias, stream)
                                      : launch_instance<K, false>(arguments, bias, stream);
}

template cudaError_t launch_query_gradients<16>(const BackwardArguments&, bool, cudaStream_t);
template cudaError_t launch_query_gradients<32>(const BackwardArguments&, bool, cudaStream_t);
template cudaError_t launch_query_gradients<64>(const BackwardArguments&, bool, cudaStream_t);
template cudaError_t launch_query_gradients<96>(const BackwardArguments&, bool, cudaStream_t);
template cudaError_t launch_query_gradients<128>(const BackwardArguments&, bool, cudaStream_t);

}  // namespace lengthwise::cuda
