#include "position/alibi.h"

#include <bit>
#include <cmath>

#include "base/options.h"
#include "position/distance_bias.h"
#include "position/layer_parameters.h"
#include "position/options.h"
#include "position/scheme.h"
#include "position/scheme_entry.h"

namespace lengthwise {
namespace {

/// Slopes of either may be read as the other's; learned ones may not.
constexpr std::string_view kAlibiFamily = "alibi";

/// -slope * distance: slopes [H], distances [...] -> [H, ...].
torch::Tensor linear_bias(const torch::Tensor& slopes, const torch::Tensor& distances) {
  return -torch::tensordot(slopes.unsqueeze(1), distances.unsqueeze(0), {1}, {0});
}

class Alibi final : public FixedDistanceBias {
 public:
  /// Windows longer than `full_slope_length` have their slopes scaled down.
  Alibi(const std::vector<double>& slopes, std::optional<int64_t> full_slope_length)
      : slopes_(register_buffer("slopes", torch::tensor(slopes, torch::kFloat64))),
        full_slope_length_(full_slope_length) {}

 private:
  BiasAt bias_in(int64_t length) const override {
    return [slopes = slopes_ * factor(length)](const torch::Tensor& distances, at::TensorList) {
      return linear_bias(slopes, distances);
    };
  }

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
      : start_(register_buffer("start", torch::tensor(slopes, torch::kFloat64).log())),
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

std::shared_ptr<PositionScheme> make_alibi(const PositionOptions& options,
                                           const ModelShape& shape) {
  return std::make_shared<Alibi>(alibi_slopes(shape.heads, options.group<AlibiOptions>().bias_max),
                                 std::nullopt);
}

std::shared_ptr<PositionScheme> make_alibi_learned(const PositionOptions& options,
                                                   const ModelShape& shape) {
  return std::make_shared<AlibiLearned>(
      alibi_slopes(shape.heads, options.group<AlibiOptions>().bias_max), shape.layers);
}

std::shared_ptr<PositionScheme> make_alibi_scaled(const PositionOptions& options,
                                                  const ModelShape& shape) {
  return std::make_shared<Alibi>(alibi_slopes(shape.heads, options.group<AlibiOptions>().bias_max),
                                 shape.train_length);
}

}  // namespace

constinit const SchemeEntry kAlibi{
    .name = "alibi",
    .aliases = {"linear_bias", "linear_biases", "attention_with_linear_biases"},
    .summary = "scores penalised linearly with distance",
    .paper = "Press et al. 2022, 2108.12409",
    .groups = {make_group<AlibiOptions>},
    .family = kAlibiFamily,
    .make = make_alibi,
};

constinit const SchemeEntry kAlibiLearned{
    .name = "alibi_learned",
    .aliases = {"learned_alibi", "alibi_trainable", "trainable_alibi"},
    .summary = "ALiBi with slopes learned for each head of each layer",
    .paper = "Press et al. 2022, 2108.12409",
    .groups = {make_group<AlibiOptions>},
    .learned = true,
    .options_begin_training = true,
    .make = make_alibi_learned,
};

constinit const SchemeEntry kAlibiScaled{
    .name = "alibi_scaled",
    .aliases = {"scaled_alibi", "alibi_interpolated", "dynamic_alibi", "alibi_pi"},
    .summary = "ALiBi with slopes reduced in windows beyond train_length",
    .paper = "Al-Khateeb et al. 2023, 2310.13017",
    .groups = {make_group<AlibiOptions>},
    .family = kAlibiFamily,
    .reads_train_length = true,
    .make = make_alibi_scaled,
};

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

}  // namespace lengthwise
