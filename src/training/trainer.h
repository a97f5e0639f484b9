#pragma once

#include <atomic>
#include <functional>

#include "data/training_windows.h"
#include "model/transformer.h"
#include "training/checkpoint.h"
#include "training/options.h"
#include "training/progress.h"

namespace lengthwise {

struct TrainingHooks {
  std::function<double()> validate;  // nats per token on the valid split; empty: never asked
  std::function<void(const TrainingProgress&)> report;
  const std::atomic<bool>* stop = nullptr;  // asks to save and return after the step in hand
  fs::path profile = {};  // where a trace of some steps goes (step_profiler.h); empty: none
};

struct TrainingResult {
  int64_t first_step;  // where this session began
  int64_t step;        // steps done; less than training.steps when stopped
  double seconds;      // of this session
  double tokens_per_second;
};

/// Trains from where `files.state` stands, or from the start; of a state at the end only the
/// checkpoint is written again. A run killed at any moment and begun
/// again ends with the same bits as one that was not: windows and dropout are functions of the seed
/// and the step alone, and everything else is in the state. The loss of a forward pass is the mean
/// over its scored targets. The model trains where its
/// parameters are. Throws RunFailure when a loss is not finite, at the latest a step later.
TrainingResult train(Transformer& model, const TrainingWindows& windows,
                     const TrainingOptions& options, const TrainingFiles& files,
                     const Identity& identity, const TrainingHooks& hooks);

}  // namespace lengthwise
