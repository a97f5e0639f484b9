#include "bench/attention_bench.h"

#include <benchmark/benchmark.h>
#include <fmt/format.h>
#include <malloc.h>

#include <cmath>
#include <limits>

#include "base/error.h"
#include "base/memory.h"
#include "model/attention_kernels.h"
#include "position/options.h"
#include "position/registry.h"

namespace lengthwise {
namespace {

using torch::Tensor;

constexpr int64_t kHeads = 8, kHeadWidth = 32, kWidth = kHeads * kHeadWidth;
constexpr int64_t kDenseUpTo = 8192;  // [8, 16384, 16384] float32 and its softmax take 17 GB

/// What is timed: a scheme at a length, with or without a window.
struct Case {
  std::string name;
  std::string scheme;
  Visibility visibility;
  bool dense = false;
};

struct Inputs {
  Tensor queries, keys, values, hidden, upstream;
};

Inputs make_inputs(int64_t length, bool backward) {
  torch::manual_seed(1);
  const auto draw = [&] {
    return torch::randn({1, kHeads, length, kHeadWidth}).requires_grad_(backward);
  };
  return {draw(), draw(), draw(), torch::randn({1, length, kWidth}),
          torch::randn({1, kHeads, length, kHeadWidth})};
}

/// The bias of the whole square of logits at once, for the fused kernel's dense mask.
Tensor dense_mask(const AttentionBias& bias, int64_t length, const Visibility& visibility) {
  Walk walk;
  walk.bias = bias;
  walk.visibility = visibility;
  const auto inputs = bias_inputs(bias);
  const auto order =
      torch::arange(length - 1, -1, -1, torch::kInt64);  // blocks count rows from the last
  return BlockBias(walk, kHeads, length, length, inputs)
      .mask(make_block(0, length, visibility), 1)
      .index_select(2, order);
}

Tensor attend(const Case& which, const PositionScheme& scheme, const Inputs& inputs) {
  const int64_t length = inputs.queries.size(2);
  const auto positions = scheme.positions(length, 0);
  const auto tables = scheme.tables(positions);
  const LayerContext context{0, positions, tables, inputs.hidden};
  const auto pair = scheme.apply_to_queries_keys({inputs.queries, inputs.keys}, context);
  const auto bias = scheme.attention_bias(context);
  if (!which.dense)
    return causal_attention(pair.queries, pair.keys, inputs.values, bias, {which.visibility, {}});
  if (std::holds_alternative<LogitChange>(bias)) {
    return walk_attention(pair.queries, pair.keys, inputs.values, bias,
                          1 / std::sqrt(double{kHeadWidth}), which.visibility, {}, length);
  }
  return at::scaled_dot_product_attention(pair.queries, pair.keys, inputs.values,
                                          dense_mask(bias, length, which.visibility));
}

void run(benchmark::State& state, const Case& which, int64_t length, bool backward) {
  const ModelShape shape{kWidth, kHeads, 1, 128};
  PositionOptions options;
  options.scheme = which.scheme;
  const auto scheme = make_scheme(options, shape);
  scheme->reset_parameters();
  for (auto& parameter : scheme->parameters()) parameter.requires_grad_(backward);
  const Inputs inputs = make_inputs(length, backward);
  const torch::AutoGradMode with_graph(backward);

  ::malloc_trim(0);  // memory an earlier case gave back must not hide what this one needs
  reset_peak_memory();
  const double before = peak_memory_mib();
  for (auto _ : state) {
    const auto output = attend(which, *scheme, inputs);
    if (backward) output.backward(inputs.upstream);
    benchmark::DoNotOptimize(output.const_data_ptr());
  }
  state.counters["extra_MiB"] = peak_memory_mib() - before;
}

/// Whether a scheme has a bias or a rotation of any length with its default options: one that needs
/// a file has none.
bool stands_by_default(const SchemeEntry& entry) {
  PositionOptions options;
  options.scheme = entry.name;
  try {
    options.validate({kWidth, kHeads, 1, 128});
  } catch (const UserError&) {
    return false;
  }
  return entry.length == "any";
}

std::vector<Case> cases() {
  std::vector<Case> all;
  for (const SchemeEntry& entry : scheme_entries()) {
    if (!stands_by_default(entry)) continue;
    all.push_back({std::string(entry.name), std::string(entry.name), {}});
    all.push_back({std::string(entry.name) + " dense", std::string(entry.name), {}, true});
  }
  all.push_back({"none window 512", "none", {512, 0}});
  all.push_back({"none window 512 sinks 4", "none", {512, 4}});
  return all;
}

}  // namespace

void register_attention_benchmarks() {
  for (const Case& which : cases()) {
    for (int64_t length = 512; length <= 32768; length *= 2) {
      if (which.dense && length > kDenseUpTo) continue;
      for (const bool backward : {false, true}) {
        const auto name = fmt::format("attention/{}/{}/{}", which.name, length,
                                      backward ? "backward" : "forward");
        benchmark::RegisterBenchmark(
            name.c_str(), [=](benchmark::State& state) { run(state, which, length, backward); })
            ->Unit(benchmark::kMillisecond)
            ->MinTime(0.1)
            ->UseRealTime();
      }
    }
  }
}

}  // namespace lengthwise
