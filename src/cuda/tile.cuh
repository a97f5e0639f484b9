#pragma once

#include "attention.h"
#include "primitives.cuh"

/// What the kernels share: tiles of rows in shared memory, their products, which tiles are seen,
/// and logits made of products.
///
/// A tile has kRowTiles * 16 rows a warp, and a lane holds of its warp's part, with g = lane / 4
/// and t = lane % 4, the entries
///   part[m][n][2 h + e] : row 16 m + 8 h + g, column 8 n + 2 t + e     (h, e in {0, 1})
/// which is how multiply_add lays out its sums. Two neighbouring column tiles n = 2 x and 2 x + 1,
/// packed in pairs, are just what it takes as its left factor of columns 16 x ... 16 x + 15.
namespace lengthwise::cuda {

constexpr float kLog2E = 1.4426950408889634F;
constexpr float kLn2 = 0.6931471805599453F;
constexpr int kWarp = 32;

/// Host and device; what every kernel needs to know.
struct Problem {
  int heads = 0, queries = 0, length = 0;
  int window = 0, sinks = 0;  // window is length where everything is seen
  float scale = 1;
  const float* bias = nullptr;  // never null where a kernel reads it
  int64_t bias_stride = 0;
  int bias_length = 0;  // T; 0 for a bias of zeros
};

__device__ inline uint16_t* head_rows(const Rows& rows, int batch, int head) {
  return static_cast<uint16_t*>(rows.data) + batch * rows.batch_stride + head * rows.head_stride;
}

// ---- Rows in shared memory ------------------------------------------------------------------

/// 16 bytes of padding a row: the stride is an odd multiple of 16 bytes for every K here, so the
/// eight rows of a matrix that ldmatrix reads lie in different banks.
template <int K>
constexpr int kRowBytes = 2 * K + 16;

/// Starts the copy of ROWS rows of K numbers; rows from `valid` on are zeros. `from` is row 0, a
/// row that exists.
template <int K, int ROWS, int THREADS>
__device__ inline void copy_rows(uint32_t shared, const uint16_t* from, int64_t row_stride,
                                 int valid) {
  constexpr int kChunks = K / 8, kAll = ROWS * kChunks;
  if constexpr (THREADS % kChunks == 0) {
    // A thread stays in its column of chunks: one pointer walks down, and no table of offsets
    // takes up registers.
    constexpr int kStep = THREADS / kChunks;
    const int first = threadIdx.x / kChunks, chunk = threadIdx.x % kChunks;
    const uint16_t* source = from + first * row_stride + chunk * 8;
    const uint32_t target = shared + first * kRowBytes<K> + chunk * 16;
#pragma unroll
    for (int row = 0; row < ROWS; row += kStep) {
      if (ROWS % kStep != 0 && row + first >= ROWS) break;
      const bool exists = row + first < valid;
      copy_16_bytes(target + row * kRowBytes<K>, exists ? source : from, exists);
      source += kStep * row_stride;
    }
  } else {
#pragma unroll
    for (int begin = 0; begin < kAll; begin += THREADS) {
      const int x = begin + static_cast<int>(threadIdx.x);
      if (kAll % THREADS != 0 && x >= kAll) break;
      const int row = x / kChunks, chunk = x % kChunks;
      copy_16_bytes(shared + row * kRowBytes<K> + chunk * 16,
                    from + (row < valid ? row * row_stride : 0) + chunk * 8, row < valid);
    }
  }
}

/// Starts the copy of numbers first ... first + COUNT - 1 of a vector; zeros outside [0, length).
template <int COUNT, int THREADS>
__device__ inline void copy_numbers(uint32_t shared, const float* from, int first, int length) {
#pragma unroll
  for (int begin = 0; begin < COUNT; begin += THREADS) {
    const int x = begin + static_cast<int>(threadIdx.x);
    if (COUNT % THREADS != 0 && x >= COUNT) break;
    const bool valid = first + x >= 0 && first + x < length;
    copy_4_bytes(shared + 4 * x, from + (valid ? first + x : 0), valid);
  }
}

/// Writes a warp's part of a product, times a factor a row, as bfloat16; rows from `valid` on are
/// left out. `to` is row 0 of the part.
template <int MT, int K>
__device__ inline void store_rows(uint16_t* to, int64_t row_stride, int valid,
                                  const float (&part)[MT][K / 8][4], const float (&factor)[MT][2]) {
  const int lane = threadIdx.x % kWarp, g = lane / 4, t = lane % 4;
#pragma unroll
  for (int m = 0; m < MT; ++m) {
#pragma unroll
    for (int h = 0; h < 2; ++h) {
      const int row = 16 * m + 8 * h + g;
      if (row >= valid) continue;
      auto* out = reinterpret_cast<uint32_t*>(to + row * row_stride) + t;
#pragma unroll
      for (int n = 0; n < K / 8; ++n) {
        out[4 * n] = pack(part[m][n][2 * h] * factor[m][h], part[m][n][2 * h + 1] * factor[m][h]);
      }
    }
  }
}

// ---- Products -------------------------------------------------------------------------------

/// Where a lane points ldmatrix within a tile of rows. Left factor, 16 rows by 16 columns: matrices
/// 0 and 1 are rows 0-7 and 8-15 of columns 0-7, matrices 2 and 3 the same of columns 8-15.
template <int K>
__device__ inline uint32_t left_offset(int lane) {
  return (lane % 16) * kRowBytes<K> + (lane / 16) * 16;
}

/// Right factor b of a b', stored as rows of b' (n) by columns (k): matrices 0 and 1 are rows n 0-7
/// at k 0-7 and 8-15 (b0, b1 of the first 8 columns of the product), 2 and 3 rows n 8-15.
template <int K>
__device__ inline uint32_t right_offset(int lane) {
  return ((lane / 16) * 8 + lane % 8) * kRowBytes<K> + ((lane / 8) % 2) * 16;
}

/// Right factor stored as it stands, rows k by columns n, read transposed: matrices 0 and 1 are
/// rows k 0-7 and 8-15 of columns n 0-7 (b0, b1), 2 and 3 the same of columns n 8-15.
template <int K>
__device__ inline uint32_t right_offset_transposed(int lane) {
  return (lane % 16) * kRowBytes<K> + (lane / 16) * 16;
}

/// sum = a b': a [16 MT, K] and b [8 NT, K] rows in shared memory, the addresses with the lane's
/// left_offset and right_offset.
template <int K, int MT, int NT>
__device__ inline void multiply_rows(float (&sum)[MT][NT][4], uint32_t a, uint32_t b) {
#pragma unroll
  for (int m = 0; m < MT; ++m) {
#pragma unroll
    for (int n = 0; n < NT; ++n) {
#pragma unroll
      for (int x = 0; x < 4; ++x) sum[m][n][x] = 0;
    }
  }
#pragma unroll
  for (int k = 0; k < K / 16; ++k) {
    uint32_t left[MT][4];
#pragma unroll
    for (int m = 0; m < MT; ++m) load_matrices(left[m], a + m * 16 * kRowBytes<K> + k * 32);
#pragma unroll
    for (int n = 0; n < NT; n += 2) {
      uint32_t right[4];
      load_matrices(right, b + n * 8 * kRowBytes<K> + k * 32);
#pragma unroll
      for (int m = 0; m < MT; ++m) {
        multiply_add(sum[m][n], left[m], right[0], right[1]);
        multiply_add(sum[m][n + 1], left[m], right[2], right[3]);
      }
    }
  }
}

/// sum += weights b: weights [16 MT, 8 NT] in registers, b [8 NT, K] rows in shared memory, the
/// address with the lane's right_offset_transposed.
template <int K, int MT, int NT>
__device__ inline void add_weighted_rows(float (&sum)[MT][K / 8][4],
                                         const float (&weights)[MT][NT][4], uint32_t b) {
#pragma unroll
  for (int k = 0; k < NT / 2; ++k) {
    uint32_t left[MT][4];
#pragma unroll
    for (int m = 0; m < MT; ++m) {
      const auto &low = weights[m][2 * k], &high = weights[m][2 * k + 1];
      left[m][0] = pack(low[0], low[1]);
      left[m][1] = pack(low[2], low[3]);
      left[m][2] = pack(high[0], high[1]);
      left[m][3] = pack(high[2], high[3]);
    }
#pragma unroll
    for (int n = 0; n < K / 8; n += 2) {
      uint32_t right[4];
      load_matrices_transposed(right, b + k * 16 * kRowBytes<K> + n * 16);
#pragma unroll
      for (int m = 0; m < MT; ++m) {
        multiply_add(sum[m][n], left[m], right[0], right[1]);
        multiply_add(sum[m][n + 1], left[m], right[2], right[3]);
      }
    }
  }
}

// ---- What is seen ---------------------------------------------------------------------------

/// Which keys a query sees. Places p of queries and j of keys, distance p - j.
struct Seen {
  int window, sinks, length;

  /// Queries from `length` on are padding of the last tile: they see nothing. Without && and ||,
  /// which are branches.
  __device__ bool pair(int distance, int key) const {
    return static_cast<bool>(static_cast<int>(distance >= 0) &
                             static_cast<int>(distance + key < length) &
                             (static_cast<int>(distance < window) | static_cast<int>(key < sinks)));
  }
  /// Of a rectangle of queries [p, p + queries) and keys [j, j + keys).
  __device__ bool nothing(int p, int queries, int j, int keys) const {
    return p + queries - 1 < j || (p - (j + keys - 1) >= window && j >= sinks);
  }
  __device__ bool everything(int p, int queries, int j, int keys) const {
    return p >= j + keys - 1 && p + queries - 1 - j < window && p + queries <= length;
  }
};

/// The tiles of keys that a block of queries at places first ... last sees, from the diagonal back,
/// then those of the sinks that the window does not reach.
struct KeyTiles {
  int diagonal, recent, sinks;  // number of the diagonal's tile; how many tiles of each kind

  __device__ KeyTiles(const Seen& seen, int first, int last, int keys) {
    const int begin = first - seen.window + 1 > 0 ? (first - seen.window + 1) / keys : 0;
    const int sink_tiles = (seen.sinks + keys - 1) / keys;
    diagonal = last / keys;
    recent = diagonal - begin + 1;
    sinks = sink_tiles < begin ? sink_tiles : begin;
  }
  __device__ int count() const { return recent + sinks; }
  __device__ int tile(int x) const { return x < recent ? diagonal - x : sinks - 1 - (x - recent); }
};

// ---- Logits ---------------------------------------------------------------------------------

/// Turns a warp's part of q k' (SIGN 1: rows are queries) or k q' (SIGN -1: rows are keys) into
/// logits in units of ln 2: exp2 of them is what softmax needs. `bias` points at the entry of the
/// lane's element [0][0][0] in a vector that rises with the distance; `distance` and `key` are that
/// element's. Where not `masked`, everything is seen.
template <int SIGN, bool BIAS, int MT, int NT>
__device__ inline void finish_logits(float (&part)[MT][NT][4], float scale, const float* bias,
                                     bool masked, const Seen& seen, int distance, int key) {
#pragma unroll
  for (int m = 0; m < MT; ++m) {
#pragma unroll
    for (int n = 0; n < NT; ++n) {
#pragma unroll
      for (int x = 0; x < 4; ++x) {
        const int step = SIGN * (16 * m + 8 * (x / 2) - 8 * n - x % 2);
        part[m][n][x] *= scale;
        if constexpr (BIAS) part[m][n][x] += bias[step] * kLog2E;
      }
    }
  }
  if (!masked) return;
#pragma unroll
  for (int m = 0; m < MT; ++m) {
#pragma unroll
    for (int n = 0; n < NT; ++n) {
#pragma unroll
      for (int x = 0; x < 4; ++x) {
        const int step = SIGN * (16 * m + 8 * (x / 2) - 8 * n - x % 2);
        const int key_step = SIGN > 0 ? 8 * n + x % 2 : 16 * m + 8 * (x / 2);
        if (!seen.pair(distance + step, key + key_step)) part[m][n][x] = -INFINITY;
      }
    }
  }
}

}  // namespace lengthwise::cuda
