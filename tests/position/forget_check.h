#pragma once

#include <string>

#include "position/dense_check.h"

namespace lengthwise {

/// What lies after a key, up to its query: [i, j, l] float64.
inline torch::Tensor places_between(int64_t length) {
  const auto places = torch::arange(length);
  return (places > places.view({-1, 1}))
      .unsqueeze(0)
      .logical_and(places <= places.view({-1, 1, 1}))
      .to(torch::kFloat64);
}

/// The product of the gates after the key, up to the query's, and not a running sum: its logarithm
/// [B, H, T, T].
inline torch::Tensor forgotten(const DenseInputs& inputs, const std::string& prefix = "") {
  const auto gates = torch::sigmoid(
      torch::linear(inputs.hidden, inputs.parameters.at("layers.1." + prefix + "weight"),
                    inputs.parameters.at("layers.1." + prefix + "bias")));  // [B, T, H]
  return torch::einsum("blh,ijl->bhij", {gates.log(), places_between(inputs.positions.size(0))});
}

}  // namespace lengthwise
