#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/torch.h"

namespace lengthwise {

/// One parameter of this shape for each layer, registered in the scheme as `layers.<layer>.<name>`
/// and not filled yet. A tensor a layer, rather than one with the layers in front, keeps vectors
/// one-dimensional, and so out of weight decay.
std::vector<torch::Tensor> register_layer_parameters(torch::nn::Module& scheme, int64_t layers,
                                                     const std::string& name,
                                                     at::IntArrayRef shape);

}  // namespace lengthwise
