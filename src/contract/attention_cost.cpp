#include "contract/attention_cost.h"

#include <algorithm>
#include <chrono>
#include <vector>

#include "model/attention_kernels.h"
#include "position/file/allocation_watch.h"

namespace lengthwise {
namespace {

double seconds_of(const std::function<void()>& step) {
  const auto start = std::chrono::steady_clock::now();
  step();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

double median(std::vector<double> values) {
  if (values.empty()) return 0;
  std::ranges::sort(values);
  return values[values.size() / 2];
}

}  // namespace

AttentionCost attention_cost(const PositionScheme& scheme, const ModelShape& shape, int64_t length,
                             int rounds) {
  const Positions positions = scheme.positions(length, 1);
  const LayerInputs inputs = draw_layer_inputs(shape, length).leaves();
  const auto own = [&] { attended(scheme, inputs, positions, length).sum().backward(); };
  const auto plain = [&] {
    causal_attention(inputs.queries, inputs.keys, inputs.values, NoBias{}).sum().backward();
  };
  const int64_t plain_bytes = peak_bytes_of(plain), bytes = peak_bytes_of(own);
  std::vector<double> plain_seconds, seconds;
  for (int i = 0; i < rounds; ++i) {
    plain_seconds.push_back(seconds_of(plain));
    seconds.push_back(seconds_of(own));
  }
  return {median(seconds), median(plain_seconds), bytes, plain_bytes};
}

}  // namespace lengthwise
