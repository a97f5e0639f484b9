#include "launches.h"

/// Gradients of keys and values: a block of keys walks over the tiles of queries that see it. The
/// logits are computed transposed, k q', so that weights and slopes come out of the tensor cores in
/// the layout in which they go in again (weights' d_output and slopes' q), and nothing but tiles
/// of rows passes through shared memory.
namespace lengthwise::cuda {
namespace {

template <int WIDTH>
struct KeyTile {
  // The sums of d_k and d_v are in registers: a wide head leaves room for 16 keys a warp only.
  static constexpr int K = WIDTH, kWarps = 4, kRowTiles = WIDTH <= 64 ? 2 : 1;
  static constexpr int kThreads = kWarps * kWarp;
  static constexpr int kKeys = kWarps * kRowTiles * 16;
  static constexpr int kQueries = WIDTH <= 64 ? 32 : 64;
  static constexpr int kBlocks = 2;

  // Shared memory: keys, values; two stages of queries, d_output, log_sum, delta, bias of a tile.
  static constexpr int kKeyBytes = kKeys * kRowBytes<K>;
  static constexpr int kQueryBytes = kQueries * kRowBytes<K>;
  static constexpr int kBiasCount = kKeys + kQueries;  // one more than there are distances
  static constexpr int kStageBytes = 2 * kQueryBytes + 8 * kQueries + 4 * kBiasCount;
  static constexpr int kBytes = 2 * kKeyBytes + 2 * kStageBytes;
};

/// The tiles of queries that see a block of keys: those from its first key on, up to where the
/// window leaves it.
struct QueryTiles {
  int begin, end;

  __device__ QueryTiles(const Problem& problem, int key, int keys, int queries) {
    const int before = problem.length - problem.queries;  // place of query 0
    begin = max(0, key - before) / queries;
    end = (problem.queries + queries - 1) / queries;
    if (key < problem.sinks) return;
    const int last = min(key + keys, problem.length) - 1 + problem.window - 1 - before;
    end = last < 0 ? 0 : min(end, last / queries + 1);
  }
};

template <class Tile, bool BIAS>
__global__ void __launch_bounds__(Tile::kThreads, Tile::kBlocks)
    key_gradient_kernel(const __grid_constant__ BackwardArguments arguments) {
  constexpr int K = Tile::K, MT = Tile::kRowTiles, NT = Tile::kQueries / 8;
  const Problem& problem = arguments.problem;
  const int head = blockIdx.y, batch = blockIdx.z;
  const int warp = threadIdx.x / kWarp, lane = threadIdx.x % kWarp, g = lane / 4, t = lane % 4;

  const int key = blockIdx.x * Tile::kKeys;  // the first block is seen by the most queries
  const int valid_keys = problem.length - key;
  const Seen seen{problem.window, problem.sinks, problem.length};
  const QueryTiles tiles(problem, key, Tile::kKeys, Tile::kQueries);

  const uint16_t* queries = head_rows(arguments.q, batch, head);
  const uint16_t* upstream = head_rows(arguments.d_output, batch, head);
  const int64_t head_row = (static_cast<int64_t>(batch) * problem.heads + head) * problem.queries;
  const float* bias = BIAS ? problem.bias + head * problem.bias_stride : nullptr;
  char* memory = shared_memory();
  const uint32_t key_tile = shared_address(memory);
  const uint32_t value_tile = key_tile + Tile::kKeyBytes;

  const auto load_stage = [&](int x) {
    const uint32_t stage = key_tile + 2 * Tile::kKeyBytes + (x % 2) * Tile::kStageBytes;
    const uint32_t numbers = stage + 2 * Tile::kQueryBytes;
    const int row = x * Tile::kQueries, valid = problem.queries - row;
    copy_rows<K, Tile::kQueries, Tile::kThreads>(stage, queries + row * arguments.q.row_stride,
                                                 arguments.q.row_stride, valid);
    copy_rows<K, Tile::kQueries, Tile::kThreads>(stage + Tile::kQueryBytes,
                                                 upstream + row * arguments.d_output.row_stride,
                                                 arguments.d_output.row_stride, valid);
    copy_numbers<Tile::kQueries, Tile::kThreads>(numbers, arguments.log_sum + head_row, row,
                                                 problem.queries);
    copy_numbers<Tile::kQueries, Tile::kThreads>(numbers + 4 * Tile::kQueries,
                                                 arguments.delta + head_row, row, problem.queries);
    if constexpr (BIAS) {
      const int place = problem.length - problem.queries + row;
      copy_numbers<Tile::kBiasCount, Tile::kThreads>(
          numbers + 8 * Tile::kQueries, bias, place - key - (Tile::kKeys - 1), problem.bias_length);
    }
  };
  copy_rows<K, Tile::kKeys, Tile::kThreads>(
      key_tile, head_rows(arguments.k, batch, head) + key * arguments.k.row_stride,
      arguments.k.row_stride, valid_keys);
  copy_rows<K, Tile::kKeys, Tile::kThreads>(
      value_tile, head_rows(arguments.v, batch, head) + key * arguments.v.row_stride,
      arguments.v.row_stride, valid_keys);
  if (tiles.begin < tiles.end) load_stage(tiles.begin);

  const int warp_row = warp * MT * 16, warp_key = key + warp_row;
  const uint32_t left = warp_row * kRowBytes<K> + left_offset<K>(lane);
  float d_keys[MT][K / 8][4] = {}, d_values[MT][K / 8][4] = {};
  for (int x = tiles.begin; x < tiles.end; ++x) {
    wait_for_copies();
    block_barrier();
    if (x + 1 < tiles.end) load_stage(x + 1);

    const int place = problem.length - problem.queries + x * Tile::kQueries;
    if (seen.nothing(place, Tile::kQueries, warp_key, MT * 16)) continue;  // of this warp's keys
    const int offset = 2 * Tile::kKeyBytes + (x % 2) * Tile::kStageBytes;
    const uint32_t query_tile = key_tile + offset, upstream_tile = query_tile + Tile::kQueryBytes;
    const auto* log_sums = reinterpret_cast<const float*>(memory + offset + 2 * Tile::kQueryBytes);
    const float* deltas = log_sums + Tile::kQueries;
    const float* bias_tile = deltas + Tile::kQueries;

    float weights[MT][NT][4];
    multiply_rows<K>(weights, key_tile + left, query_tile + right_offset<K>(lane));
    finish_logits<-1, BIAS>(weights, problem.scale * kLog2E,
                            bias_tile + Tile::kKeys - 1 - warp_row - g + 2 * t,
                            !seen.everything(place, Tile::kQueries, warp_key, MT * 16), seen,
                            place + 2 * t - warp_key - g, warp_key + g);
#pragma unroll
    for (int n = 0; n < NT; ++n) {
      const float even = log_sums[8 * n + 2 * t] * kLog2E;
      const float odd = log_sums[8 * n + 2 * t + 1] * kLog2E;
#pragma unroll
      for (int m = 0; m < MT; ++m) {
#pragma unroll
        for (int i = 0; i < 4; ++i) {
          weights[m][n][i] = exp2_fast(weights[m][n][i] - (i % 2 == 0 ? even : odd));
        }
      }
    }
    add_weighted_rows<K>(d_values, weights, upstream_tile + right_offset_transposed<K>(lane));

    float slopes[MT][NT][4];  // first of the weights, then of the logits
    multiply_rows<K>(slopes, value_tile + left, upstream_tile + right_offset<K>(lane));
#pragma unroll
    for (int n = 0; n < NT; ++n) {
      const float even = deltas[8 * n + 2 * t], odd = deltas[8 * n + 2 * t + 1];
#pragma unroll
      for (int m = 0; m < MT; ++m) {
#pragma unroll
        for (int i = 0; i < 4; ++i) {
          slopes[m][n][i] = weights[m][n][i] * (slopes[m][n][i] - (i % 2 == 0 ? even : odd));
        }
      }
    }
    add_weighted_rows<K>(d_keys, slopes, query_tile + right_offset_transposed<K>(lane));
  }

  wait_for_copies();
  float scale[MT][2], one[MT][2];
#pragma unroll
  for (int m = 0; m < MT; ++m) {
    scale[m][0] = scale[m][1] = problem.scale;
    one[m][0] = one[m][1] = 1;
  }
  store_rows<MT, K>(head_rows(arguments.d_k, batch, head) + warp_key * arguments.d_k.row_stride,
                    arguments.d_k.row_stride, valid_keys - warp_row, d_keys, scale);
  store_rows<MT, K>(head_rows(arguments.d_v, batch, head) + warp_key * arguments.d_v.row_stride,
                    arguments.d_v.row_stride, valid_keys - warp_row, d_values, one);
}

}  // namespace

template <int K>
cudaError_t launch_key_gradients(const BackwardArguments& arguments, bool bias,
                                 cudaStream_t stream) {
  using Tile = KeyTile<K>;
  const Problem& problem = arguments.problem;
  const dim3 grid((problem.length + Tile::kKeys - 1) / Tile::kKeys, problem.heads, arguments.batch);
  return launch(bias ? key_gradient_kernel<Tile, true> : key_gradient_kernel<Tile, false>, grid,
                Tile::kThreads, Tile::kBytes, stream, arguments);
}

template cudaError_t launch_key_gradients<16>(const BackwardArguments&, bool, cudaStream_t);
template cudaError_t launch_key_gradients<32>(const BackwardArguments&, bool, cudaStream_t);
template cudaError_t launch_key_gradients<64>(const BackwardArguments&, bool, cudaStream_t);
template cudaError_t launch_key_gradients<96>(const BackwardArguments&, bool, cudaStream_t);
template cudaError_t launch_key_gradients<128>(const BackwardArguments&, bool, cudaStream_t);

}  // namespace lengthwise::cuda
