#include "report/comparison/ideal_gap.h"

#include <algorithm>
#include <cmath>

namespace lengthwise {
namespace {

/// A number that a formula makes of several means: `at(i)` for resample i, the value itself for -1.
template <class Formula>
Estimate derived(const Resampled& model, const Formula& at) {
  const double value = at(-1);
  if (model.draws.empty()) return {value, std::nullopt};
  std::vector<double> draws;
  for (size_t i = 0; i < model.draws.size(); ++i) {
    draws.push_back(at(static_cast<std::ptrdiff_t>(i)));
  }
  return percentile_estimate(value, std::move(draws), model.mean);
}

double at(const Resampled& mean, std::ptrdiff_t resample) {
  return resample < 0 ? mean.mean.value : mean.draws[static_cast<size_t>(resample)];
}

/// log2 of the memory at which the falling losses cross `nats`; the first crossing, where chance
/// makes them rise between two memories.
double crossing(double nats, const IdealColumn& ideal, std::ptrdiff_t resample) {
  double memory = std::log2(static_cast<double>(ideal.memories.front()));
  double loss = at(ideal.limited.front(), resample);
  if (nats >= loss) return memory;
  for (size_t i = 1; i <= ideal.memories.size(); ++i) {
    const bool last = i == ideal.memories.size();
    const double next_memory =
        std::log2(static_cast<double>(last ? ideal.length : ideal.memories[i]));
    const double next_loss = at(last ? ideal.all : ideal.limited[i], resample);
    if (nats >= next_loss) {
      return memory + (next_memory - memory) * (loss - nats) / (loss - next_loss);
    }
    memory = next_memory;
    loss = next_loss;
  }
  return memory;
}

}  // namespace

Estimate used_share(const Resampled& model_at_train_length, const Resampled& model,
                    const Resampled& ideal_at_train_length, const Resampled& ideal) {
  return derived(model, [&](std::ptrdiff_t i) {
    return (at(model_at_train_length, i) - at(model, i)) /
           (at(ideal_at_train_length, i) - at(ideal, i));
  });
}

Estimate beyond_memory(const Resampled& model, const Resampled& remembers_train_length,
                       const Resampled& ideal) {
  return derived(model, [&](std::ptrdiff_t i) {
    return (at(remembers_train_length, i) - at(model, i)) /
           (at(remembers_train_length, i) - at(ideal, i));
  });
}

Estimate equivalent_memory(const Resampled& model, const IdealColumn& ideal) {
  Estimate memory =
      derived(model, [&](std::ptrdiff_t i) { return crossing(at(model, i), ideal, i); });
  memory.value = std::exp2(memory.value);
  if (memory.interval) {
    const auto within = [&](double log2_memory) {
      return std::clamp(std::exp2(log2_memory), static_cast<double>(ideal.memories.front()),
                        static_cast<double>(ideal.length));
    };
    memory.interval = Interval{within(memory.interval->lo), within(memory.interval->hi)};
  }
  return memory;
}

}  // namespace lengthwise
