#include "fused.cuh"

namespace lengthwise::cuda {
namespace {

constexpr int kThreads = 1024;
constexpr float kNothing = -1e30f;  // a maximum of nothing; minus infinity less itself is no number
constexpr float kLog2OfE = 1.4426950408889634f;

/// The largest of some numbers and the sum of exp(number - largest).
struct LogSum {
  float largest = kNothing, sum = 0;
};

__device__ inline LogSum joined(const LogSum& a, const LogSum& b) {
  const float largest = fmaxf(a.largest, b.largest);
  return {largest, a.sum * exp2f((a.largest - largest) * kLog2OfE) +
                       b.sum * exp2f((b.largest - largest) * kLog2OfE)};
}

/// A block a row: once through it for the sum, and back again for the gradient, so that what was
/// read last, and is in the cache, is read first.
__global__ void __launch_bounds__(kThreads, 2) score_rows(const __grid_constant__ LossRows a) {
  auto* warps = reinterpret_cast<LogSum*>(shared_memory());
  const int64_t row = blockIdx.x;
  const float* logits = a.logits + row * a.logits_stride;
  const auto vocabulary = static_cast<int>(a.vocabulary);
  const int lane = threadIdx.x % kWarp, warp = threadIdx.x / kWarp;

  LogSum mine;
  for (int column = 4 * threadIdx.x; column < vocabulary; column += 4 * kThreads) {
    float x[4];
    load_4(x, logits + column);
#pragma unroll
    for (int i = 0; i < 4; ++i) x[i] = column + i < vocabulary ? x[i] : kNothing;
    const float largest = fmaxf(fmaxf(fmaxf(x[0], x[1]), fmaxf(x[2], x[3])), mine.largest);
    float sum = mine.sum * exp2f((mine.largest - largest) * kLog2OfE);
#pragma unroll
    for (int i = 0; i < 4; ++i) sum += exp2f((x[i] - largest) * kLog2OfE);
    mine = {largest, sum};
  }
#pragma unroll
  for (int mask = kWarp / 2; mask > 0; mask /= 2) {
    mine = joined(mine, {from_lane_xor(mine.largest, mask), from_lane_xor(mine.sum, mask)});
  }
  if (lane == 0) warps[warp] = mine;
  block_barrier();
  LogSum all;
  for (int w = 0; w < kThreads / kWarp; ++w) all = joined(all, warps[w]);
  const float log_sum = all.largest + logf(all.sum);

  const int64_t target = a.targets[row];
  if (threadIdx.x == 0) a.nats[row] = log_sum - logits[target];
  const auto stride = static_cast<int>(a.gradient_stride);
  const int last = (stride - 1) / (4 * kThreads) * 4 * kThreads;
  for (int column = last + 4 * static_cast<int>(threadIdx.x); column >= 0; column -= 4 * kThreads) {
    if (column >= stride) continue;
    float x[4] = {kNothing, kNothing, kNothing, kNothing}, slope[4];
    if (column < vocabulary) load_4(x, logits + column);
#pragma unroll
    for (int i = 0; i < 4; ++i) {
      const float likelihood = column + i < vocabulary ? exp2f((x[i] - log_sum) * kLog2OfE) : 0.0f;
      slope[i] = (column + i == target ? likelihood - 1 : likelihood) * a.weight;
    }
    store_4(a.gradient, row * a.gradient_stride + column, slope);
  }
}

}  // namespace

extern "C" int lengthwise_loss_rows(const LossRows* call, CUstream_st* stream) {
  constexpr int64_t kMost = int64_t{1} << 30;
  if (call->rows <= 0 || call->rows > kMost || call->vocabulary <= 0 ||
      call->gradient_stride > kMost || call->logits_stride % 4 != 0 ||
      call->gradient_stride % 4 != 0 || call->logits_stride < call->vocabulary ||
      call->gradient_stride < call->vocabulary || !is_aligned(call->logits, 16) ||
      !is_aligned(call->gradient, 8)) {
    return kBadArgument;
  }
  return code_of(launch(score_rows, dim3(static_cast<unsigned>(call->rows)), kThreads,
                        kThreads / kWarp * static_cast<int>(sizeof(LogSum)), stream, *call));
}

}  // namespace lengthwise::cuda
