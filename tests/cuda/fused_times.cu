/// Times of the kernels of fused.h at the shapes of a 235 million parameter model, and what they
/// make of the memory's bandwidth. On a GPU: cmake --build build/cuda --target fused_times, then
/// build/cuda/fused_times

#include <cstdio>
#include <cstdlib>
#include <functional>
#include <vector>

#include "fused.h"
#include "primitives.cuh"

namespace lengthwise::cuda {
namespace {

constexpr int64_t kRows = 16384, kWidth = 1024, kInner = 4096, kVocabulary = 33278;
constexpr int64_t kColumns = 33280, kLossRows = 8192;
constexpr int64_t kBatch = 32, kLength = 512, kHeads = 8, kHead = 128;
constexpr int64_t kParameters = int64_t{1} << 27;
constexpr int kRounds = 20;

void check(int code, const char* what) {
  if (code == 0) return;
  std::fprintf(stderr, "%s: code %d\n", what, code);
  std::exit(1);
}

template <class Number>
Number* zeros(int64_t count) {
  void* memory = nullptr;
  check(cudaMalloc(&memory, static_cast<size_t>(count) * sizeof(Number)), "cudaMalloc");
  check(cudaMemset(memory, 0, static_cast<size_t>(count) * sizeof(Number)), "cudaMemset");
  return static_cast<Number*>(memory);
}

/// bytes: what the call cannot but read and write.
void time(const char* name, double bytes, const std::function<int()>& call) {
  cudaEvent_t begin, end;
  check(cudaEventCreate(&begin), "cudaEventCreate");
  check(cudaEventCreate(&end), "cudaEventCreate");
  check(call(), name);
  check(cudaEventRecord(begin), "cudaEventRecord");
  for (int round = 0; round < kRounds; ++round) check(call(), name);
  check(cudaEventRecord(end), "cudaEventRecord");
  check(cudaEventSynchronize(end), name);
  float milliseconds = 0;
  check(cudaEventElapsedTime(&milliseconds, begin, end), "cudaEventElapsedTime");
  const double seconds = milliseconds / 1000.0 / kRounds;
  std::printf("%-22s %8.1f us %8.0f GB/s\n", name, seconds * 1e6, bytes / seconds / 1e9);
}

void time_all() {
  constexpr double kNarrow = kRows * kWidth, kWide = kRows * kInner;
  using Half = uint16_t;
  auto* x = zeros<float>(kRows * kWidth);
  auto* sum = zeros<float>(kRows * kWidth);
  auto* d_sum = zeros<float>(kRows * kWidth);
  auto* d_x = zeros<float>(kRows * kWidth);
  auto *branch = zeros<Half>(kRows * kWidth), *normed = zeros<Half>(kRows * kWidth);
  auto *weight = zeros<float>(kInner), *bias = zeros<float>(kInner);
  auto *d_weight = zeros<float>(kInner), *d_bias = zeros<float>(kInner);
  auto* statistics = zeros<float>(2 * kRows);
  auto* workspace =
      zeros<float>(lengthwise_norm_workspace(kInner) + lengthwise_activation_workspace(kInner));

  const NormForward forward{x, branch, weight, bias, sum, normed, statistics, kRows, kWidth, 1e-5f};
  time("norm forward", 12 * kNarrow, [&] { return lengthwise_norm_forward(&forward, nullptr); });
  const NormBackward backward{sum,    statistics, weight, normed,    d_sum, d_x,
                              branch, d_weight,   d_bias, workspace, kRows, kWidth};
  time("norm backward", 16 * kNarrow, [&] { return lengthwise_norm_backward(&backward, nullptr); });

  TurnedRows turn;
  turn.from = {normed, kLength * kWidth, kHead, kWidth};
  turn.to = {branch, kLength * kWidth, kHead, kWidth};
  turn.cosines = zeros<float>(kLength * kHead / 2);
  turn.sines = zeros<float>(kLength * kHead / 2);
  turn.batch = kBatch, turn.heads = kHeads, turn.rows = kLength, turn.width = turn.turned = kHead;
  time("turn halves", 4 * kNarrow, [&] { return lengthwise_turned_rows(&turn, nullptr); });
  turn.neighbours = 1;
  time("turn neighbours", 4 * kNarrow, [&] { return lengthwise_turned_rows(&turn, nullptr); });
  turn.turned = 0;
  time("copy rows", 4 * kNarrow, [&] { return lengthwise_turned_rows(&turn, nullptr); });

  auto *d_output = zeros<Half>(kRows * kInner), *saved = zeros<Half>(kRows * kInner);
  auto *other = zeros<Half>(kRows * kInner), *d_input = zeros<Half>(kRows * kInner);
  auto* d_other = zeros<Half>(kRows * kInner);
  ActivationBackward slopes{d_output, saved,     other, d_input, d_other,    d_weight,
                            d_bias,   workspace, kRows, kInner,  Slope::relu};
  const auto run_slopes = [&] { return lengthwise_activation_backward(&slopes, nullptr); };
  time("relu backward", 6 * kWide, run_slopes);
  slopes.slope = Slope::gelu;
  time("gelu backward", 6 * kWide, run_slopes);
  slopes.slope = Slope::silu_gated;
  time("gated backward", 10 * kWide, run_slopes);
  slopes.slope = Slope::one, slopes.width = kWidth;
  time("column sums", 2 * kNarrow, run_slopes);
  const GatedForward gated{saved, other, d_output, kRows * kInner};
  time("gated forward", 6 * kWide, [&] { return lengthwise_gated_forward(&gated, nullptr); });

  LossRows loss;
  loss.logits = zeros<float>(kLossRows * kColumns);
  loss.logits_stride = loss.gradient_stride = kColumns;
  loss.targets = zeros<int64_t>(kLossRows);
  loss.gradient = zeros<Half>(kLossRows * kColumns);
  loss.nats = zeros<float>(kLossRows);
  loss.rows = kLossRows, loss.vocabulary = kVocabulary;
  time("loss rows", 6.0 * kLossRows * kColumns,
       [&] { return lengthwise_loss_rows(&loss, nullptr); });

  const AdamWTensor tensor{zeros<float>(kParameters), zeros<float>(kParameters),
                           zeros<float>(kParameters), zeros<float>(kParameters), kParameters};
  const AdamWUpdate update{&tensor, 1, weight, 1e-3, 0.9, 0.98, 0.1, 1e-8, 3};
  time("adamw", 28.0 * kParameters, [&] { return lengthwise_adamw(&update, nullptr); });
}

}  // namespace
}  // namespace lengthwise::cuda

int main() {
  lengthwise::cuda::time_all();
  return 0;
}
