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
#include "position/scheme.h"

namespace lengthwise {
namespace {

using torch::Tensor;

constexpr int64_t kHeads = 8, kHeadWidth = 32, kWidth = kHeads * kHeadWidth;
constexpr int64_t kShortest = 512, kLongest = 65536;
const ModelShape kShape{kWidth, kHeads, 1, 128};

/// What is timed: a scheme at a length, with or without a window.
struct Case {
  std::string name;
  std::string scheme;
  Visibility visibility;
  bool dense;
  int64_t longest;  // length timed
};

PositionOptions options_of(std::string_view scheme) {
  PositionOptions options;
  options.scheme = scheme;
  return options;
}

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

/// The bias of every pair at once, as code without views of one vector has it: the distance of each
/// pair, the bias at each distance, minus infinity where the key lies ahead. No gradient goes to a
/// mask by distance: with one, LibTorch leaves its fused kernel and takes several times the memory.
Tensor dense_mask(const AttentionBias& bias, int64_t length) {
  const auto places = torch::arange(length);
  const auto distances = places.unsqueeze(1) - places;
  Tensor mask;
  if (const auto* distance = std::get_if<DistanceBias>(&bias)) {
    mask = distance->value.detach()
               .index_select(1, distances.clamp_min(0).flatten())
               .view({1, kHeads, length, length});
  } else if (std::holds_alternative<NoBias>(bias)) {
    mask = torch::zeros({1, kHeads, length, length});
  } else {
    Walk walk;
    walk.bias = bias;
    const auto inputs = bias_inputs(bias);
    return BlockBias(walk, torch::zeros({1, kHeads, length, 1}), length, inputs)
        .mask(make_block(0, length, {}), 1)
        .flip(2);  // blocks count rows from the last
  }
  return mask.masked_fill_(distances.lt(0), -std::numeric_limits<float>::infinity());
}

Tensor attend(const Case& which, const PositionScheme& scheme, const Inputs& inputs) {
  const int64_t length = inputs.queries.size(2);
  const auto positions = scheme.positions(length, 0);
  const auto tables = scheme.tables(positions);
  const LayerContext context{0, positions, tables, inputs.hidden};
  const auto pair = attention_inputs(scheme, {inputs.queries, inputs.keys}, context);
  const auto& bias = pair.bias;
  if (!which.dense) {
    return causal_attention(pair.queries, pair.keys, inputs.values, bias,
                            {which.visibility, {}, 0, pair.parts});
  }
  if (std::holds_alternative<LogitChange>(bias) || pair.parts.product) {
    return walk_attention(pair.queries, pair.keys, inputs.values, bias,
                          1 / std::sqrt(double{kHeadWidth}), which.visibility, {}, length,
                          pair.parts);
  }
  return at::scaled_dot_product_attention(pair.queries, pair.keys, inputs.values,
                                          dense_mask(bias, length));
}

void run(benchmark::State& state, const Case& which, int64_t length, bool backward) {
  const auto scheme = make_scheme(options_of(which.scheme), kShape);
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

/// The longest window the scheme reaches with its default options; 0 for one that needs a file.
int64_t reach(const SchemeEntry& entry) {
  const PositionOptions options = options_of(entry.name);
  try {
    options.validate(kShape);
  } catch (const UserError&) {
    return 0;
  }
  return make_scheme(options, kShape)->max_length().value_or(std::numeric_limits<int64_t>::max());
}

/// Where the dense form fits a machine of 16 GB: [8, 8192, 8192] float32 takes 2 GB, and a form
/// that makes a network's hidden layer of every pair many times that.
int64_t dense_up_to(const SchemeEntry& entry) {
  const auto scheme = make_scheme(options_of(entry.name), kShape);
  const auto positions = scheme->positions(1, 0);
  const auto tables = scheme->tables(positions);
  const auto heads = torch::zeros({1, kHeads, 1, kHeadWidth});
  const auto inputs = attention_inputs(*scheme, {heads, heads},
                                       {0, positions, tables, torch::zeros({1, 1, kWidth})});
  const bool by_pair = std::holds_alternative<PairBias>(inputs.bias) ||
                       std::holds_alternative<LogitChange>(inputs.bias) || inputs.parts.product;
  return by_pair ? 4096 : 8192;
}

std::vector<Case> cases() {
  std::vector<Case> all;
  for (const SchemeEntry& entry : scheme_entries()) {
    const int64_t longest = reach(entry);
    if (longest < kShortest) continue;
    const std::string name(entry.name);
    all.push_back({name, name, {}, false, longest});
    all.push_back({name + " dense", name, {}, true, std::min(longest, dense_up_to(entry))});
  }
  all.push_back({"none window 512", "none", {512, 0}, false, kLongest});
  all.push_back({"none window 512 sinks 4", "none", {512, 4}, false, kLongest});
  return all;
}

}  // namespace

void register_attention_benchmarks() {
  for (const Case& which : cases()) {
    for (int64_t length = kShortest; length <= std::min(kLongest, which.longest); length *= 2) {
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
