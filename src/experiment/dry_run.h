#pragma once

#include <string>
#include <vector>

#include "experiment/config.h"

namespace lengthwise {

/// Parameters of one name and shape: of every block where the name says so ("blocks.*.").
struct ParameterShape {
  std::string name;
  std::vector<int64_t> shape;
  int64_t times = 1;
};

/// What a training run would be, told without training.
struct DryRun {
  std::vector<ParameterShape> shapes;
  int64_t parameters = 0;
  int64_t windows_a_pass = 0, tokens_a_pass = 0, tokens_a_step = 0;
  // Gigabytes of 2^30.
  double weights_gib = 0, optimizer_gib = 0;
  double pass_gib = 0;  // what a forward pass keeps for the gradients
  double seconds_a_step = 0;
};

/// Shapes come from the whole model on LibTorch's meta device, where tensors have no numbers. Time
/// and the memory of a pass are measured on run.device: a pass and an update of the same model with
/// one layer and with two, from which those of all layers follow. Validation is not counted. Opens
/// the data, unless model.vocabulary_size says how many tokens there are. UserError as training
/// has.
DryRun plan_training(const Config& config);

}  // namespace lengthwise
