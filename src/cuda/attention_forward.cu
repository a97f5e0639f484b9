#include "launches.h"

/// Forward: a block of 128 queries walks over its tiles of keys from the diagonal back, with the
/// running maximum and sum of the softmax in registers (Dao 2023, algorithm 1).
namespace lengthwise::cuda {
namespace {

template <int WIDTH>
struct ForwardTile {
  static constexpr int K = WIDTH, kWarps = 4, kRowTiles = 2, kKeys = 64;
  static constexpr int kThreads = kWarps * kWarp;
  static constexpr int kQueries = kWarps * kRowTiles * 16;
  static constexpr int kBlocks = 2;  // on a multiprocessor: 255 registers a thread
  static_assert(kQueries == kQueryBlock);

  // Shared memory: the queries, then two stages of keys, values and the bias of a tile.
  static constexpr int kQueryBytes = kQueries * kRowBytes<K>;
  static constexpr int kKeyBytes = kKeys * kRowBytes<K>;
  static constexpr int kBiasCount = kQueries + kKeys;  // one more than there are distances
  static constexpr int kStageBytes = 2 * kKeyBytes + 4 * kBiasCount;
  static constexpr int kBytes = kQueryBytes + 2 * kStageBytes;
};

/// Of the rows a lane has a part in, over the tiles so far; logits in units of ln 2.
template <int MT>
struct RunningSoftmax {
  float maximum[MT][2], sum[MT][2];  // the sum is of the lane's own columns

  __device__ RunningSoftmax() {
#pragma unroll
    for (int m = 0; m < MT; ++m) {
      maximum[m][0] = maximum[m][1] = -INFINITY;
      sum[m][0] = sum[m][1] = 0;
    }
  }

  /// Logits become weights relative to the new maximum; what was summed before is scaled to it.
  template <int NT, int OT>
  __device__ void add(float (&part)[MT][NT][4], float (&output)[MT][OT][4]) {
#pragma unroll
    for (int m = 0; m < MT; ++m) {
#pragma unroll
      for (int h = 0; h < 2; ++h) {
        float most = maximum[m][h];
#pragma unroll
        for (int n = 0; n < NT; ++n) {
          most = fmaxf(most, fmaxf(part[m][n][2 * h], part[m][n][2 * h + 1]));
        }
        most = fmaxf(most, from_lane_xor(most, 1));
        most = fmaxf(most, from_lane_xor(most, 2));
        // A row that has seen nothing yet: minus infinity less itself is not a number.
        const float origin = most == -INFINITY ? 0.0F : most;
        const float shrink = exp2_fast(maximum[m][h] - origin);
        maximum[m][h] = most;
        float total = 0;
#pragma unroll
        for (int n = 0; n < NT; ++n) {
#pragma unroll
          for (int x = 2 * h; x < 2 * h + 2; ++x) {
            part[m][n][x] = exp2_fast(part[m][n][x] - origin);
            total += part[m][n][x];
          }
        }
        sum[m][h] = sum[m][h] * shrink + total;
#pragma unroll
        for (int n = 0; n < OT; ++n) {
          output[m][n][2 * h] *= shrink;
          output[m][n][2 * h + 1] *= shrink;
        }
      }
    }
  }

  /// The whole rows' sums, in every lane that has a part in them.
  __device__ void finish() {
#pragma unroll
    for (int m = 0; m < MT; ++m) {
#pragma unroll
      for (int h = 0; h < 2; ++h) {
        sum[m][h] += from_lane_xor(sum[m][h], 1);
        sum[m][h] += from_lane_xor(sum[m][h], 2);
      }
    }
  }
};

template <class Tile, bool BIAS>
__global__ void __launch_bounds__(Tile::kThreads, Tile::kBlocks)
    forward_kernel(const __grid_constant__ ForwardArguments arguments) {
  constexpr int K = Tile::K, MT = Tile::kRowTiles, NT = Tile::kKeys / 8;
  const Problem& problem = arguments.problem;
  const int head = blockIdx.y, batch = blockIdx.z;
  const int warp = threadIdx.x / kWarp, lane = threadIdx.x % kWarp, g = lane / 4, t = lane % 4;

  // The last block of queries sees the most keys: first come the longest.
  const int row = (gridDim.x - 1 - blockIdx.x) * Tile::kQueries;
  const int first = problem.length - problem.queries + row;  // place of the block's first query
  const int rows = min(Tile::kQueries, problem.queries - row);
  const Seen seen{problem.window, problem.sinks, problem.length};
  const KeyTiles tiles(seen, first, first + rows - 1, Tile::kKeys);

  const uint16_t* keys = head_rows(arguments.k, batch, head);
  const uint16_t* values = head_rows(arguments.v, batch, head);
  const float* bias = BIAS ? problem.bias + head * problem.bias_stride : nullptr;
  char* memory = shared_memory();
  const uint32_t query_tile = shared_address(memory);
  const uint32_t stages = query_tile + Tile::kQueryBytes;

  const auto load_stage = [&](int x) {
    const uint32_t stage = stages + (x % 2) * Tile::kStageBytes;
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
  load_stage(0);

  const int warp_row = warp * MT * 16, place = first + warp_row;
  float output[MT][K / 8][4] = {};
  RunningSoftmax<MT> softmax;
  for (int x = 0; x < tiles.count(); ++x) {
    // One barrier a tile: all copies are there, and all warps are done with the other stage.
    wait_for_copies();
    block_barrier();
    if (x + 1 < tiles.count()) load_stage(x + 1);

    const int key = tiles.tile(x) * Tile::kKeys;
    if (seen.nothing(place, MT * 16, key, Tile::kKeys)) continue;  // of this warp's queries
    const int offset = Tile::kQueryBytes + (x % 2) * Tile::kStageBytes;
    const uint32_t stage = query_tile + offset;
    float part[MT][NT][4];
    multiply_rows<K>(part, query_tile + warp_row * kRowBytes<K> + left_offset<K>(lane),
                     stage + right_offset<K>(lane));
    const auto* bias_tile = reinterpret_cast<const float*>(memory + offset + 2 * Tile::kKeyBytes);
    finish_logits<1, BIAS>(part, problem.scale * kLog2E,
                           bias_tile + warp_row + g - 2 * t + Tile::kKeys - 1,
                           !seen.everything(place, MT * 16, key, Tile::kKeys), seen,
                           place + g - key - 2 * t, key + 2 * t);
    softmax.add(part, output);
    add_weighted_rows<K>(output, part, stage + Tile::kKeyBytes + right_offset_transposed<K>(lane));
  }

  softmax.finish();
  float factor[MT][2];
  float* log_sum = arguments.log_sum +
                   (static_cast<int64_t>(batch) * problem.heads + head) * problem.queries + row;
#pragma unroll
  for (int m = 0; m < MT; ++m) {
#pragma unroll
    for (int h = 0; h < 2; ++h) {
      const int own = warp_row + 16 * m + 8 * h + g;
      const float sum = softmax.sum[m][h];
      factor[m][h] = sum > 0 ? 1 / sum : 0;
      if (t == 0 && own < rows) log_sum[own] = (softmax.maximum[m][h] + log2f(sum)) * kLn2;
    }
  }
  store_rows<MT, K>(
      head_rows(arguments.output, batch, head) + (row + warp_row) * arguments.output.row_stride,
      arguments.output.row_stride, rows - warp_row, output, factor);
}

}  // namespace

template <int K>
cudaError_t launch_forward(const ForwardArguments& arguments, int batch, bool bias,
                           cudaStream_t stream) {
  using Tile = ForwardTile<K>;
  const Problem& problem = arguments.problem;
  const dim3 grid((problem.queries + Tile::kQueries - 1) / Tile::kQueries, problem.heads, batch);
  return launch(bias ? forward_kernel<Tile, true> : forward_kernel<Tile, false>, grid,
                Tile::kThreads, Tile::kBytes, stream, arguments);
}

template cudaError_t launch_forward<16>(const ForwardArguments&, int, bool, cudaStream_t);
template cudaError_t launch_forward<32>(const ForwardArguments&, int, bool, cudaStream_t);
template cudaError_t launch_forward<64>(const ForwardArguments&, int, bool, cudaStream_t);
template cudaError_t launch_forward<96>(const ForwardArguments&, int, bool, cudaStream_t);
template cudaError_t launch_forward<128>(const ForwardArguments&, int, bool, cudaStream_t);

}  // namespace lengthwise::cuda
