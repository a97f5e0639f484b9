#pragma once

#include "experiment/config.h"
#include "model/transformer.h"

namespace lengthwise {

/// Where and in what type a command computes, as [run] says.
struct Computing {
  torch::Device device;
  torch::ScalarType products;  // Transformer::products
};

/// Sets LibTorch's threads. UserError where the device or its precision is not to be had.
Computing open_computing(const RunOptions& options);

/// Moves the model there.
void place_model(Transformer& model, const Computing& computing);

}  // namespace lengthwise
