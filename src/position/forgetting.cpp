#include "position/forgetting.h"

#include <cmath>

#include "base/error.h"
#include "base/options.h"
#include "position/distance_bias.h"
#include "position/forget_gates.h"
#include "position/layer_parameters.h"
#include "position/options.h"
#include "position/scheme.h"
#include "position/scheme_entry.h"

namespace lengthwise {
namespace {

using torch::Tensor;

class Fox final : public PositionScheme {
 public:
  explicit Fox(const ModelShape& shape) : gates_(*this, shape) {}

  void reset_parameters() override { gates_.reset_parameters(); }

  AttentionBias attention_bias(const LayerContext& context) const override {
    return gates_.bias(context);
  }

 private:
  ForgetGates gates_;
};

/// 1/T of each head.  -> [H] float64
Tensor decays(const PositionOptions& options, const ModelShape& shape) {
  const ForgettingOptions& fox = options.group<ForgettingOptions>();
  return torch::linspace(std::log(fox.shortest), std::log(fox.longest), shape.heads,
                         torch::kFloat64)
      .neg()
      .exp();
}

/// decays [H], distances [...] -> [H, ...]
Tensor decayed(const Tensor& decays, const Tensor& distances) {
  return -torch::tensordot(decays.unsqueeze(1), distances.unsqueeze(0), {1}, {0});
}

class FoxConstant final : public PositionScheme {
 public:
  FoxConstant(const Tensor& decays, const ModelShape& shape)
      : start_(register_buffer("start", -decays.expm1().log())),
        gates_(register_layer_parameters(*this, shape.layers, "gate", {shape.heads})) {}

  void reset_parameters() override {
    const torch::NoGradGuard no_grad;
    for (const Tensor& each : gates_) each.copy_(start_);
  }

  AttentionBias attention_bias(const LayerContext& context) const override {
    return make_distance_bias(context.positions, {gates_.at(static_cast<size_t>(context.layer))},
                              [](const Tensor& distances, at::TensorList inputs) {
                                return decayed(forgotten_by(inputs[0].to(torch::kFloat64)),
                                               distances);
                              });
  }

 private:
  Tensor start_;               // [H] float64
  std::vector<Tensor> gates_;  // b, [H] a layer
};

class FoxFixed final : public FixedDistanceBias {
 public:
  explicit FoxFixed(const Tensor& decays) : decays_(register_buffer("decays", decays)) {}

 private:
  BiasAt bias_in(int64_t) const override {
    return [decays = decays_](const Tensor& distances, at::TensorList) {
      return decayed(decays, distances);
    };
  }

  Tensor decays_;  // [H] float64
};

std::shared_ptr<PositionScheme> make_fox(const PositionOptions&, const ModelShape& shape) {
  return std::make_shared<Fox>(shape);
}

std::shared_ptr<PositionScheme> make_fox_constant(const PositionOptions& options,
                                                  const ModelShape& shape) {
  return std::make_shared<FoxConstant>(decays(options, shape), shape);
}

std::shared_ptr<PositionScheme> make_fox_fixed(const PositionOptions& options,
                                               const ModelShape& shape) {
  return std::make_shared<FoxFixed>(decays(options, shape));
}

void validate_times(const PositionOptions& options, const ModelShape&) {
  const ForgettingOptions& fox = options.group<ForgettingOptions>();
  if (fox.shortest <= fox.longest) return;
  fail("position.fox.shortest: {} is above position.fox.longest {}", fox.shortest, fox.longest);
}

}  // namespace

constinit const SchemeEntry kFox{
    .name = "fox",
    .aliases = {"forgetting", "forgetting_transformer", "forget_gate"},
    .summary = "scores fall by gates over the tokens between, learned from each",
    .paper = "Lin et al. 2025, 2503.02130",
    .learned = true,
    .make = make_fox,
};

constinit const SchemeEntry kFoxConstant{
    .name = "fox_constant",
    .aliases = {"fox_data_independent"},
    .summary = "scores fall linearly by a gate learned for each head of each layer",
    .paper = "Lin et al. 2025, 2503.02130",
    .groups = {make_group<ForgettingOptions>},
    .learned = true,
    .options_begin_training = true,
    .make = make_fox_constant,
    .validate = validate_times,
};

constinit const SchemeEntry kFoxFixed{
    .name = "fox_fixed",
    .aliases = {},
    .summary = "scores fall linearly by gates log-spaced over the heads",
    .paper = "Lin et al. 2025, 2503.02130",
    .groups = {make_group<ForgettingOptions>},
    .make = make_fox_fixed,
    .validate = validate_times,
};

void ForgettingOptions::declare(OptionSet& options) {
  options.add("position.fox.shortest", shortest,
              "fox_constant, fox_fixed: tokens in which the first head forgets by 1/e",
              AtLeast{0.01});
  options.add("position.fox.longest", longest, "fox_constant, fox_fixed: those of the last head",
              AtLeast{0.01});
}

}  // namespace lengthwise
