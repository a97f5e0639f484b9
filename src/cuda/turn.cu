#include "fused.cuh"

namespace lengthwise::cuda {
namespace {

constexpr int kThreads = 256;

/// A thread turns four pairs, or copies eight dimensions; x runs over heads and the dimensions of
/// each, which lie side by side where the projection made them.
__global__ void __launch_bounds__(kThreads) turn_rows(const __grid_constant__ TurnedRows a) {
  const auto pieces = static_cast<uint32_t>(a.width) / 8, heads = static_cast<uint32_t>(a.heads);
  const auto rows = static_cast<uint32_t>(a.rows);
  const uint32_t index = blockIdx.x * kThreads + threadIdx.x;
  const uint32_t head_index = index / pieces, place = head_index / heads;
  const auto piece = static_cast<int>(index - head_index * pieces);
  const int64_t head = head_index - place * heads, batch = place / rows, row = place % rows;
  if (batch >= a.batch) return;
  const int64_t from =
      batch * a.from.batch_stride + head * a.from.head_stride + row * a.from.row_stride;
  const int64_t to = batch * a.to.batch_stride + head * a.to.head_stride + row * a.to.row_stride;

  float first[4], second[4], eight[8];
  const auto turned = static_cast<int>(a.turned);
  const int pair = 4 * piece, half = turned / 2;
  if (pair >= half) {
    load_8(eight, a.from.data, from + 8 * piece);
#pragma unroll
    for (int i = 0; i < 8; ++i) eight[i] *= a.rest_factor;
    store_8(a.to.data, to + 8 * piece, eight);
    return;
  }
  if (a.neighbours != 0) {
    load_8(eight, a.from.data, from + 8 * piece);
#pragma unroll
    for (int i = 0; i < 4; ++i) first[i] = eight[2 * i], second[i] = eight[2 * i + 1];
  } else {
    load_4(first, a.from.data, from + pair);
    load_4(second, a.from.data, from + half + pair);
  }
  float cosine[4], sine[4], x[4], y[4];
  load_4(cosine, a.cosines + row * half + pair);
  load_4(sine, a.sines + row * half + pair);
#pragma unroll
  for (int i = 0; i < 4; ++i) {
    const float s = sine[i] * a.direction;
    x[i] = first[i] * cosine[i] - second[i] * s;
    y[i] = second[i] * cosine[i] + first[i] * s;
  }
  if (a.neighbours != 0) {
#pragma unroll
    for (int i = 0; i < 4; ++i) eight[2 * i] = x[i], eight[2 * i + 1] = y[i];
    store_8(a.to.data, to + 8 * piece, eight);
  } else {
    store_4(a.to.data, to + pair, x);
    store_4(a.to.data, to + half + pair, y);
  }
}

bool fits(const Rows& rows) {
  return is_aligned(rows.data, 16) && rows.batch_stride % 8 == 0 && rows.head_stride % 8 == 0 &&
         rows.row_stride % 8 == 0;
}

}  // namespace

extern "C" int lengthwise_turned_rows(const TurnedRows* call, CUstream_st* stream) {
  const int64_t threads = call->batch * call->heads * call->rows * (call->width / 8);
  if (threads <= 0 || threads > (int64_t{1} << 31) || call->width % 8 != 0 ||
      call->turned % 8 != 0 || call->turned < 0 || call->turned > call->width ||
      !fits(call->from) || !fits(call->to) ||
      (call->turned > 0 && !(is_aligned(call->cosines, 16) && is_aligned(call->sines, 16)))) {
    return kBadArgument;
  }
  const dim3 grid(static_cast<unsigned>((threads + kThreads - 1) / kThreads));
  return code_of(launch(turn_rows, grid, kThreads, 0, stream, *call));
}

}  // namespace lengthwise::cuda
