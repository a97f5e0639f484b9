#include "position/forget_gates.h"

#include "position/layer_parameters.h"

namespace lengthwise {

ForgetGates::ForgetGates(torch::nn::Module& scheme, const ModelShape& shape,
                         const std::string& prefix)
    : weights_(register_layer_parameters(scheme, shape.layers, prefix + "weight",
                                         {shape.heads, shape.width})),
      biases_(register_layer_parameters(scheme, shape.layers, prefix + "bias", {shape.heads})) {}

void ForgetGates::reset_parameters() {
  const torch::NoGradGuard no_grad;
  for (torch::Tensor& weight : weights_) weight.normal_(0, 0.02);
  for (torch::Tensor& bias : biases_) bias.zero_();
}

KeyBias ForgetGates::bias(const LayerContext& context) const {
  const auto layer = static_cast<size_t>(context.layer);
  const auto forgotten = forgotten_by(
      torch::linear(context.hidden.to(torch::kFloat32), weights_.at(layer), biases_.at(layer)));
  return KeyBias{forgotten.cumsum(1, torch::kFloat64).transpose(1, 2)};
}

torch::Tensor forgotten_by(const torch::Tensor& gates) {
  return at::softplus(-gates);
}

}  // namespace lengthwise
