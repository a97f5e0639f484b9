#include "position/layer_parameters.h"

namespace lengthwise {
namespace {

std::shared_ptr<torch::nn::Module> child(torch::nn::Module& parent, const std::string& name) {
  const auto children = parent.named_children();
  if (const auto* found = children.find(name)) return *found;
  return parent.register_module(name, std::make_shared<torch::nn::Module>());
}

}  // namespace

std::vector<torch::Tensor> register_layer_parameters(torch::nn::Module& scheme, int64_t layers,
                                                     const std::string& name,
                                                     at::IntArrayRef shape) {
  const auto list = child(scheme, "layers");
  std::vector<torch::Tensor> parameters;
  for (int64_t layer = 0; layer < layers; ++layer) {
    parameters.push_back(
        child(*list, std::to_string(layer))->register_parameter(name, torch::empty(shape)));
  }
  return parameters;
}

}  // namespace lengthwise
