#include "position/kerple.h"

#include "position/distance_bias.h"
#include "position/layer_parameters.h"
#include "position/registry.h"
#include "position/scheme.h"

namespace lengthwise {
namespace {

/// Initial values keep off the bounds, where logarithm and logit end.
constexpr double kMargin = 0.01;

/// [H] -> [H, 1, ...] float64, to meet distances [...].
torch::Tensor beside(const torch::Tensor& parameter, const torch::Tensor& distances) {
  std::vector<int64_t> shape(static_cast<size_t>(distances.dim()) + 1, 1);
  shape[0] = parameter.size(0);
  return parameter.to(torch::kFloat64).view(shape);
}

torch::Tensor log_bias(const torch::Tensor& distances, at::TensorList inputs) {
  const auto r1 = beside(inputs[0], distances).exp(), r2 = beside(inputs[1], distances).exp();
  return -r1 * torch::log1p(r2 * distances);
}

torch::Tensor power_bias(const torch::Tensor& distances, at::TensorList inputs) {
  const auto r1 = beside(inputs[0], distances).exp();
  const auto r2 = 2 * beside(inputs[1], distances).sigmoid();
  return -r1 * torch::pow(distances, r2);
}

void draw_log(const torch::Tensor& parameter, double most) {
  parameter.uniform_(kMargin, most).log_();
}

class Kerple final : public PositionScheme {
 public:
  Kerple(bool power, const ModelShape& shape)
      : power_(power),
        log_r1_(register_layer_parameters(*this, shape.layers, "log_r1", {shape.heads})),
        second_(register_layer_parameters(*this, shape.layers, power ? "logit_r2" : "log_r2",
                                          {shape.heads})) {}

  void reset_parameters() override {
    const torch::NoGradGuard no_grad;
    for (size_t layer = 0; layer < log_r1_.size(); ++layer) {
      draw_log(log_r1_[layer], power_ ? 1 : 2);
      if (power_) {
        second_[layer].uniform_(kMargin / 2, 1 - kMargin / 2).logit_();
      } else {
        draw_log(second_[layer], 1);
      }
    }
  }

  AttentionBias attention_bias(const LayerContext& context) const override {
    const auto layer = static_cast<size_t>(context.layer);
    return make_distance_bias(context.positions, {log_r1_.at(layer), second_.at(layer)},
                              power_ ? power_bias : log_bias);
  }

 private:
  bool power_;
  std::vector<torch::Tensor> log_r1_, second_;  // [H] a layer
};

}  // namespace

std::shared_ptr<PositionScheme> make_kerple_log(const PositionOptions&, const ModelShape& shape) {
  return std::make_shared<Kerple>(false, shape);
}

std::shared_ptr<PositionScheme> make_kerple_power(const PositionOptions&, const ModelShape& shape) {
  return std::make_shared<Kerple>(true, shape);
}

}  // namespace lengthwise
