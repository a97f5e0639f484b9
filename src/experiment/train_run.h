#pragma once

#include <atomic>
#include <functional>

#include "data/dataset.h"
#include "experiment/config.h"
#include "training/progress.h"

namespace lengthwise {

enum class TrainingEnd {
  finished,
  already_finished,
  restored,  // was finished, but its last weights were lost: written again from the state
  stopped
};

/// UserError where the data cannot serve the training: too short for a window, or without the valid
/// split that is asked for.
void check_training_data(const Config& config, const Dataset& dataset);

/// Trains what the config says into its run folder, from where that stands. Everything that can be
/// wrong with the input is looked at before the first file is written.
TrainingEnd train_run(const Config& config,
                      const std::function<void(const TrainingProgress&)>& report,
                      const std::atomic<bool>& stop);

}  // namespace lengthwise
