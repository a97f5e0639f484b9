#include "position/kerple.h"

#include "position/distance_bias.h"
#include "position/layer_parameters.h"
#include "position/options.h"
#include "position/scheme.h"
#include "position/scheme_entry.h"

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

/// What the two kernels differ in.
struct Kernel {
  const char* second_name;
  torch::Tensor (*bias)(const torch::Tensor& distances, at::TensorList inputs);
  void (*draw)(const torch::Tensor& first, const torch::Tensor& second);
};

constexpr Kernel kLog{"log_r2", log_bias,
                      [](const torch::Tensor& log_r1, const torch::Tensor& log_r2) {
                        draw_log(log_r1, 2);
                        draw_log(log_r2, 1);
                      }};
constexpr Kernel kPower{"logit_r2", power_bias,
                        [](const torch::Tensor& log_r1, const torch::Tensor& logit_r2) {
                          draw_log(log_r1, 1);
                          logit_r2.uniform_(kMargin / 2, 1 - kMargin / 2).logit_();
                        }};

class Kerple final : public PositionScheme {
 public:
  Kerple(const Kernel& kernel, const ModelShape& shape)
      : kernel_(kernel),
        first_(register_layer_parameters(*this, shape.layers, "log_r1", {shape.heads})),
        second_(register_layer_parameters(*this, shape.layers, kernel.second_name, {shape.heads})) {
  }

  void reset_parameters() override {
    const torch::NoGradGuard no_grad;
    for (size_t layer = 0; layer < first_.size(); ++layer) {
      kernel_.draw(first_[layer], second_[layer]);
    }
  }

  AttentionBias attention_bias(const LayerContext& context) const override {
    const auto layer = static_cast<size_t>(context.layer);
    return make_distance_bias(context.positions, {first_.at(layer), second_.at(layer)},
                              kernel_.bias);
  }

 private:
  const Kernel& kernel_;
  std::vector<torch::Tensor> first_, second_;  // [H] a layer
};

std::shared_ptr<PositionScheme> make_kerple_log(const PositionOptions&, const ModelShape& shape) {
  return std::make_shared<Kerple>(kLog, shape);
}

std::shared_ptr<PositionScheme> make_kerple_power(const PositionOptions&, const ModelShape& shape) {
  return std::make_shared<Kerple>(kPower, shape);
}

}  // namespace

constinit const SchemeEntry kKerpleLog{
    .name = "kerple_log",
    .aliases = {"kerple", "kerple_logarithmic", "log_kerple"},
    .summary = "scores penalised by a learned logarithm of distance",
    .paper = "Chi et al. 2022, 2205.09921",
    .learned = true,
    .make = make_kerple_log,
};

constinit const SchemeEntry kKerplePower{
    .name = "kerple_power",
    .aliases = {"power_kerple"},
    .summary = "scores penalised by a learned power of distance",
    .paper = "Chi et al. 2022, 2205.09921",
    .learned = true,
    .make = make_kerple_power,
};

}  // namespace lengthwise
