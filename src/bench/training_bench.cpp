#include "bench/training_bench.h"

#include <fmt/format.h>
#include <malloc.h>

#include <algorithm>
#include <chrono>
#include <vector>

#include "base/error.h"
#include "base/memory.h"
#include "model/transformer.h"
#include "position/options.h"
#include "position/registry.h"
#include "training/optimizer.h"
#include "training/options.h"

namespace lengthwise {
namespace {

constexpr int64_t kLength = 64, kWindows = 16, kVocabularySize = 108;
constexpr int kRounds = 9, kStepsARound = 10;

struct Contender {
  std::string name;
  Transformer model{nullptr};
  std::unique_ptr<Optimizer> optimizer;
  std::vector<double> tokens_per_second;  // a round each
  double extra_mebibytes = 0;
};

void take_steps(Contender& contender, const torch::Tensor& tokens, int steps) {
  for (int step = 0; step < steps; ++step) {
    contender.optimizer->zero_gradients();
    const auto hidden = contender.model->forward(tokens.slice(1, 0, kLength));
    contender.model->head->mean_nats(hidden.flatten(0, 1), tokens.slice(1, 1).flatten()).backward();
    contender.optimizer->clip_gradients(1);
    contender.optimizer->update(1e-3, step);
  }
}

std::vector<Contender> contenders() {
  ModelOptions model;
  model.width = 64;
  model.layers = 2;
  model.heads = 4;
  model.feedforward = 128;
  model.train_length = kLength;
  std::vector<Contender> all;
  for (const SchemeEntry& entry : scheme_entries()) {
    PositionOptions position;
    position.scheme = entry.name;
    try {
      position.validate(model.shape());
    } catch (const UserError&) {
      continue;  // it needs a file
    }
    Contender contender;
    contender.name = entry.name;
    contender.model = make_transformer(model, position, kVocabularySize);
    contender.model->reset_parameters(1);
    contender.optimizer = make_optimizer(TrainingOptions(), named_parameters(*contender.model));
    all.push_back(std::move(contender));
  }
  return all;
}

double median(std::vector<double> values) {
  std::ranges::sort(values);
  return values[values.size() / 2];
}

}  // namespace

void run_training_benchmark() {
  torch::manual_seed(1);
  const auto tokens = torch::randint(kVocabularySize, {kWindows, kLength + 1}, torch::kInt64);
  auto all = contenders();
  for (Contender& each : all) {
    take_steps(each, tokens, 1);
    ::malloc_trim(0);
    reset_peak_memory();
    const double before = peak_memory_mib();
    take_steps(each, tokens, 1);
    each.extra_mebibytes = peak_memory_mib() - before;
  }
  for (int round = 0; round < kRounds; ++round) {
    for (Contender& each : all) {
      const auto start = std::chrono::steady_clock::now();
      take_steps(each, tokens, kStepsARound);
      const double seconds =
          std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
      each.tokens_per_second.push_back(kStepsARound * kWindows * kLength / seconds);
    }
  }
  fmt::print("| scheme | tokens/s | of none's | MiB a step |\n|---|---:|---:|---:|\n");
  const double plain = median(all.front().tokens_per_second);
  for (const Contender& each : all) {
    const double rate = median(each.tokens_per_second);
    fmt::print("| {} | {:.0f} | {:.2f} | {:.0f} |\n", each.name, rate, rate / plain,
               each.extra_mebibytes);
  }
}

}  // namespace lengthwise
