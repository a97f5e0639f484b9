#pragma once

#include "position/scheme.h"

namespace lengthwise {

/// A bias that looks at p_i - p_j alone: from distances (any shape [...], float64, not negative)
/// and tensors that need gradients -> [H, ...].
using BiasAt = std::function<torch::Tensor(const torch::Tensor& distances, at::TensorList inputs)>;

/// Evenly spaced positions make it a DistanceBias, one vector a head; others, as drawn at random, a
/// PairBias of the same function.
AttentionBias make_distance_bias(const Positions& positions, std::vector<torch::Tensor> inputs,
                                 BiasAt bias_at);

/// 0, 1, 2 ... times the step of evenly spaced positions.  -> [T] float64
torch::Tensor even_distances(const Positions& positions);

/// A scheme whose bias by distance learns nothing and is the same in every layer: at evenly spaced
/// positions it is made once a forward pass.
class FixedDistanceBias : public PositionScheme {
 public:
  std::vector<torch::Tensor> tables(const Positions& positions) const final;
  AttentionBias attention_bias(const LayerContext& context) const final;

 private:
  /// In a window of `length` tokens.
  virtual BiasAt bias_in(int64_t length) const = 0;
};

}  // namespace lengthwise
