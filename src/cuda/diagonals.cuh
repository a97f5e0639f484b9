#pragma once

#include "tile.cuh"

/// Sums of a block of queries' slopes (gradients of logits) by distance, in a fixed order.
namespace lengthwise::cuda {

/// WARPS, MT, NT: the tile, BM = 16 MT WARPS queries by BN = 8 NT keys. Its entry at row r, column
/// c is on diagonal d = r - c + BN - 1, at distance base + d, where base is the distance of row 0
/// to column BN - 1. Tiles come by rising base, in steps that are multiples of BN.
///
/// A lane first adds up what it holds of each diagonal, in registers; then neighbouring columns
/// are joined by a shuffle; then the four lanes t of a row, and the warps, meet in shared memory,
/// where one thread sums a diagonal. Diagonals that later tiles have no part in go to global
/// memory, each once; the others wait in a ring.
template <int WARPS, int MT, int NT>
class DiagonalSums {
 public:
  static constexpr int kThreads = WARPS * kWarp;
  static constexpr int kRows = 16 * MT * WARPS, kColumns = 8 * NT;
  static constexpr int kDiagonals = kRows + kColumns - 1;
  /// A lane's entries lie on diagonals 8 apart, for each of its two columns.
  static constexpr int kSums = 2 * MT + NT - 1;
  /// A lane's row of sums in shared memory, and 8 zeros behind. An odd multiple of 8: the lanes'
  /// stores meet no bank twice.
  static constexpr int kStride = 8 * (kSums + 2);
  static constexpr int kScattered = 8 + WARPS * 4 * kStride;
  static constexpr int kRing = 256;
  static constexpr int kBytes = 4 * (kScattered + kRing);
  static_assert(kDiagonals <= kRing && (kSums + 2) % 2 == 1);

  /// memory: kBytes of shared memory; to: the sum at distance 0 ... last, all written by the end.
  /// to null: the object must not be used.
  __device__ DiagonalSums(char* memory, float* to, int base, int last)
      : scattered_(reinterpret_cast<float*>(memory) + 8),
        ring_(reinterpret_cast<float*>(memory) + kScattered),
        to_(to),
        flushed_(base),
        live_(base),
        last_(last) {
    if (to == nullptr) return;
    for (int x = threadIdx.x; x < kScattered + kRing; x += kThreads) scattered_[x - 8] = 0;
  }

  /// This warp's part of a tile; every warp calls it, or `scatter_nothing`, once a tile. There is a
  /// barrier between the constructor and this, this and `collect`, `collect` and the next.
  __device__ void scatter(const float (&part)[MT][NT][4]) {
    const int lane = threadIdx.x % kWarp, g = lane / 4;
    // Row 16 m + 8 h + g less column 8 n + 2 t + e is 8 (s - NT + 1) + g - 2 t - e.
    float even[kSums] = {}, odd[kSums] = {};
#pragma unroll
    for (int m = 0; m < MT; ++m) {
#pragma unroll
      for (int h = 0; h < 2; ++h) {
#pragma unroll
        for (int n = 0; n < NT; ++n) {
          even[2 * m + h - n + NT - 1] += part[m][n][2 * h];
          odd[2 * m + h - n + NT - 1] += part[m][n][2 * h + 1];
        }
      }
    }
    // Joined: u = s + 1 holds row less column = 8 (u - NT) + g - 2 t. The odd column's share is
    // with the lane one g higher; behind g = 7 that is g = 0 of the next s.
    float* to = own_row();
#pragma unroll
    for (int u = 0; u <= kSums; ++u) {
      const float same = u > 0 ? odd[u > 0 ? u - 1 : 0] : 0.0F;
      const float next = u < kSums ? odd[u < kSums ? u : 0] : 0.0F;
      const float other = from_lane(g == 0 ? next : same, (lane + 4) % kWarp);
      to[8 * u] = (u > 0 ? even[u > 0 ? u - 1 : 0] : 0.0F) + other;
    }
  }

  __device__ void scatter_nothing() {
    float* to = own_row();
#pragma unroll
    for (int u = 0; u <= kSums; ++u) to[8 * u] = 0;
  }

  __device__ void collect(int base) {
    if (base != flushed_) {  // tiles were left out: a window, then sinks
      flush(base);
      block_barrier();
    }
#pragma unroll
    for (int begin = 0; begin < kDiagonals; begin += kThreads) {
      const int d = begin + static_cast<int>(threadIdx.x);
      if (d >= kDiagonals) break;
      float& waiting = ring_[(base + d) & (kRing - 1)];
      const float sum = waiting + sum_of(d);
      const bool complete = d < kColumns;
      waiting = complete ? 0 : sum;
      if (complete) put(base + d, sum);
    }
    flushed_ = base + kColumns;
    live_ = base + kDiagonals;
  }

  /// After the last tile.
  __device__ void finish() {
    block_barrier();
    flush(last_ + 1);
  }

 private:
  __device__ float* own_row() const {
    const int warp = threadIdx.x / kWarp, lane = threadIdx.x % kWarp;
    return scattered_ + (warp * 4 + lane % 4) * kStride + lane / 4;
  }

  /// Place 8 u + g in the row of (warp, t) is on diagonal d = 8 u + g - 2 t - 1 + 16 MT warp.
  __device__ float sum_of(int d) const {
    float sum = 0;
#pragma unroll
    for (int warp = 0; warp < WARPS; ++warp) {
      const int place = d + 1 - 16 * MT * warp;
      // Up to 6 places before and behind a row there are zeros.
      if (place < -6 || place >= 8 * (kSums + 1)) continue;
      const float* from = scattered_ + warp * 4 * kStride + place;
      sum += (from[0] + from[kStride + 2]) + (from[2 * kStride + 4] + from[3 * kStride + 6]);
    }
    return sum;
  }

  __device__ void put(int distance, float sum) const {
    if (distance >= 0 && distance <= last_) to_[distance] = sum;
  }

  __device__ void flush(int end) {
    for (int x = flushed_ + static_cast<int>(threadIdx.x); x < end; x += kThreads) {
      float sum = 0;
      if (x < live_) {
        sum = ring_[x & (kRing - 1)];
        ring_[x & (kRing - 1)] = 0;
      }
      put(x, sum);
    }
    flushed_ = end;
  }

  float *scattered_, *ring_, *to_;
  int flushed_, live_, last_;
};

}  // namespace lengthwise::cuda
