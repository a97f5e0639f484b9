#include "position/cable.h"

#include "position/layer_parameters.h"
#include "position/options.h"
#include "position/scheme.h"
#include "position/scheme_entry.h"

namespace lengthwise {
namespace {

class Cable final : public PositionScheme {
 public:
  explicit Cable(const ModelShape& shape)
      : weights_(
            register_layer_parameters(*this, shape.layers, "weight", {shape.heads, shape.width})),
        biases_(register_layer_parameters(*this, shape.layers, "bias", {shape.heads})) {}

  void reset_parameters() override {
    const torch::NoGradGuard no_grad;
    for (torch::Tensor& weight : weights_) weight.normal_(0, 0.02);
    for (torch::Tensor& bias : biases_) bias.zero_();
  }

  AttentionBias attention_bias(const LayerContext& context) const override {
    const auto layer = static_cast<size_t>(context.layer);
    const auto pushes = at::softplus(
        torch::linear(context.hidden.to(torch::kFloat32), weights_.at(layer), biases_.at(layer)));
    return KeyBias{pushes.cumsum(1, torch::kFloat64).transpose(1, 2)};
  }

 private:
  std::vector<torch::Tensor> weights_, biases_;  // a layer: [H, D], [H]
};

std::shared_ptr<PositionScheme> make_cable(const PositionOptions&, const ModelShape& shape) {
  return std::make_shared<Cable>(shape);
}

}  // namespace

constinit const SchemeEntry kCable{
    .name = "cable",
    .aliases = {"context_aware_biases", "context_aware_alibi"},
    .summary = "scores penalised by sums over the tokens between, learned from each",
    .paper = "Veisi et al. 2025, 2503.08067",
    .learned = true,
    .make = make_cable,
};

}  // namespace lengthwise
