#pragma once

#include <cstdint>
#include <optional>

#include "base/files.h"

namespace lengthwise {

/// What a training run says of itself at a logged step.
struct TrainingProgress {
  int64_t step, steps;
  double nats_per_token;  // mean over the steps since the last line
  double learning_rate;
  double gradient_norm;  // before clipping, of this step
  double tokens_per_second;
  double seconds_left;
  std::optional<double> validation_nats_per_token;
};

/// Where a training run writes. The state is all a resumed run needs; checkpoints are for others to
/// read.
struct TrainingFiles {
  fs::path log;          // a JSON line a logged step
  fs::path checkpoint;   // weights of the last save
  fs::path best;         // weights with the lowest validation loss
  fs::path state;        // weights, moments and place
  fs::path events = {};  // training.tensorboard: the log's numbers as TensorBoard reads them
};

}  // namespace lengthwise
