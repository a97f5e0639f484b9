#pragma once

#include <string>

#include "position/scheme.h"
#include "position/scheme_entry.h"

namespace lengthwise {

/// The gates of the Forgetting Transformer (forgetting.h), for schemes that have them alone or
/// beside something else: `layers.<l>.<prefix>weight` [H, D] and `layers.<l>.<prefix>bias` [H] of
/// the scheme.
class ForgetGates {
 public:
  ForgetGates(torch::nn::Module& scheme, const ModelShape& shape, const std::string& prefix = "");

  void reset_parameters();  // N(0, 0.02) and 0
  /// -sum_{l <= j} ln sigmoid(W x_l + b) at each key.
  KeyBias bias(const LayerContext& context) const;

 private:
  std::vector<torch::Tensor> weights_, biases_;  // a layer: [H, D], [H]
};

/// -ln sigmoid(z).
torch::Tensor forgotten_by(const torch::Tensor& gates);

}  // namespace lengthwise
