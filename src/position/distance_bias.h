#pragma once

#include "position/scheme.h"

namespace lengthwise {

/// The bias of a scheme that looks at p_i - p_j alone. `bias_at` takes distances (any shape [...],
/// float64, not negative) and the inputs, and gives [H, ...]. Evenly spaced positions make it a
/// DistanceBias, one vector a head; others, as drawn at random, a PairBias of the same function.
AttentionBias make_distance_bias(
    const Positions& positions, std::vector<torch::Tensor> inputs,
    std::function<torch::Tensor(const torch::Tensor& distances, at::TensorList inputs)> bias_at);

}  // namespace lengthwise
