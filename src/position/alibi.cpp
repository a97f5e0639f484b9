#include "position/alibi.h"

#include <bit>
#include <cmath>

#include "base/options.h"
#include "position/distance_bias.h"
#include "position/layer_parameters.h"
#include "position/options.h"
#include "position/registry.h"
#include "position/scheme.h"

namespace lengthwise {
namespace {

/// -slope * distance: slopes [H], distances [...] -> [H, ...].
torch::Tensor linear_bias(const torch::Tensor& slopes, const torch::Tensor& distances) {
  return -torch::tensordot(slopes.unsqueeze(1), distances.unsqueeze(0), {1}, {0});
}

class Alibi final : public PositionScheme {
 public:
  /// Windows longer than `full_slope_length` have their slopes scaled down.
  Alibi(const std::vector<double>& slopes, std::optional<int64_t> full_slope_length)
      : slopes_(torch::tensor(slopes, torch::kFloat64)), full_slope_length_(full_slope_length) {}

  AttentionBias attention_bias(const LayerContext& context) const override {
    const auto slopes = slopes_ * factor(context.positions.values.size(0));
    return make_distance_bias(context.positions, {},
                              [slopes](const torch::Tensor& distances, at::TensorList) {
                                return linear_bias(slopes, distances);
                              });
  }

 private:
  double factor(int64_t length) const {
    if (!full_slope_length_ || length <= *full_slope_length_) return 1;
    return static_cast<double>(*full_slope_length_) / static_cast<double>(length);
  }

  torch::Tensor slopes_;  // [H] float64
  std::optional<int64_t> full_slope_length_;
};

class AlibiLearned final : public PositionScheme {
 public:
  AlibiLearned(const std::vector<double>& slopes, int64_t layers)
      : start_(torch::tensor(slopes, torch::kFloat64).log()),
        log_slopes_(register_layer_parameters(*this, layers, "log_slopes", {std::ssize(slopes)})) {}

  void reset_parameters() override {
    const torch::NoGradGuard no_grad;
    for (const torch::Tensor& each : log_slopes_) each.copy_(start_);
  }

  AttentionBias attention_bias(const LayerContext& context) const override {
    return make_distance_bias(context.positions,
                              {log_slopes_.at(static_cast<size_t>(context.layer))},
                              [](const torch::Tensor& distances, at::TensorList inputs) {
                                return linear_bias(inputs[0].to(torch::kFloat64).exp(), distances);
                              });
  }

 private:
  torch::Tensor start_;                    // [H] float64
  std::vector<torch::Tensor> log_slopes_;  // [H] a layer
};

}  // namespace

void AlibiOptions::declare(OptionSet& options) {
  options.add("position.alibi.bias_max", bias_max,
              "alibi and its kin: the smallest slope is 2^-bias_max; 8 in the paper",
              Between{0.01, 64.0});
}

std::vector<double> alibi_slopes(int64_t heads, double bias_max) {
  const auto power = static_cast<int64_t>(std::bit_floor(static_cast<uint64_t>(heads)));
  const double step = bias_max / static_cast<double>(power);
  std::vector<double> slopes;
  for (int64_t i = 1; i <= power; ++i) {
    slopes.push_back(std::exp2(-step * static_cast<double>(i)));
  }
  for (int64_t i = 1; i <= heads - power; ++i) {
    slopes.push_back(std::exp2(-step * (static_cast<double>(i) - 0.5)));
  }
  return slopes;
}

std::shared_ptr<PositionScheme> make_alibi(const PositionOptions& options,
                                           const ModelShape& shape) {
  return std::make_shared<Alibi>(alibi_slopes(shape.heads, options.alibi.bias_max), std::nullopt);
}

std::shared_ptr<PositionScheme> make_alibi_learned(const PositionOptions& options,
                                                   const ModelShape& shape) {
  return std::make_shared<AlibiLearned>(alibi_slopes(shape.heads, options.alibi.bias_max),
                                        shape.layers);
}

std::shared_ptr<PositionScheme> make_alibi_scaled(const PositionOptions& options,
                                                  const ModelShape& shape) {
  return std::make_shared<Alibi>(alibi_slopes(shape.heads, options.alibi.bias_max),
                                 shape.train_length);
}

}  // namespace lengthwise
