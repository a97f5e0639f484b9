#include "position/selective_rotary.h"

#include <cmath>

#include "base/error.h"
#include "base/options.h"
#include "position/causal_convolution.h"
#include "position/head_turn.h"
#include "position/heads.h"
#include "position/layer_parameters.h"
#include "position/options.h"
#include "position/rotary.h"
#include "position/scheme.h"
#include "position/scheme_entry.h"

namespace lengthwise {
namespace {

using torch::Tensor;

constexpr int64_t kTaps = 4;
constexpr double kSmallestLength = 1e-6;

class SelectiveRotary final : public PositionScheme {
 public:
  SelectiveRotary(const SelectiveRotaryOptions& options, const ModelShape& shape)
      : heads_(shape.heads),
        frequencies_(
            register_buffer("frequencies", rotary_frequencies(shape.head_width(), options.base))) {
    const int64_t pairs = shape.heads * shape.head_width() / 2;
    down_ = register_layer_parameters(*this, shape.layers, "down", {options.rank, shape.width});
    up_ = register_layer_parameters(*this, shape.layers, "up", {pairs, options.rank});
    convolution_ = register_layer_parameters(*this, shape.layers, "convolution", {pairs, kTaps});
  }

  void reset_parameters() override {
    const torch::NoGradGuard no_grad;
    for (auto* matrices : {&down_, &up_, &convolution_}) {
      for (Tensor& each : *matrices) {
        const double bound = 1 / std::sqrt(static_cast<double>(each.size(1)));
        each.uniform_(-bound, bound);
      }
    }
  }

  QueriesKeys apply_to_queries_keys(QueriesKeys pair, const LayerContext& context) const override {
    const auto all = angles(context);
    const auto cosines = all.cos().to(torch::kFloat32), sines = all.sin().to(torch::kFloat32);
    return {turn_each_head(pair.queries, cosines, sines),
            turn_each_head(for_each_head(pair.keys, heads_), cosines, sines)};
  }

 private:
  /// [B, H, T, K/2] float64
  Tensor angles(const LayerContext& context) const {
    const auto layer = static_cast<size_t>(context.layer);
    const auto slices = context.hidden.to(torch::kFloat32).unflatten(2, {heads_, -1});
    const auto lengths = slices.norm(2, 3, /*keepdim=*/true).clamp_min(kSmallestLength);
    const auto low = torch::linear((slices / lengths).flatten(2), down_.at(layer));
    const auto steps =
        causal_convolution(torch::linear(low, up_.at(layer)), convolution_.at(layer));
    return steps.cumsum(1, torch::kFloat64).unflatten(2, {heads_, -1}).transpose(1, 2) *
           frequencies_;
  }

  int64_t heads_;
  Tensor frequencies_;                           // [K/2] float64
  std::vector<Tensor> down_, up_, convolution_;  // a layer's each
};

std::shared_ptr<PositionScheme> make_selective_rotary(const PositionOptions& options,
                                                      const ModelShape& shape) {
  return std::make_shared<SelectiveRotary>(options.group<SelectiveRotaryOptions>(), shape);
}

void validate_selective_rotary(const PositionOptions&, const ModelShape& shape) {
  check_heads_are_even(shape);
  if (shape.width % shape.heads != 0) {
    fail(
        "model.heads: selective_rotary cuts model.width {} into a slice a head; {} does not divide "
        "it",
        shape.width, shape.heads);
  }
}

}  // namespace

constinit const SchemeEntry kSelectiveRotary{
    .name = "selective_rotary",
    .aliases = {"selective_rope"},
    .summary = "queries and keys rotated by angles that the tokens between add up",
    .paper = "2511.17388",
    .groups = {make_group<SelectiveRotaryOptions>},
    .learned = true,
    .reach_behind_window = kTaps - 2,
    .make = make_selective_rotary,
    .validate = validate_selective_rotary,
};

void SelectiveRotaryOptions::declare(OptionSet& options) {
  options.add("position.selective_rotary.base", base,
              "selective_rotary: the slowest pair turns by about 1/base of what the fastest does",
              AtLeast{1.0});
  options
      .add("position.selective_rotary.rank", rank,
           "selective_rotary: rank of the projection that says by how much a token turns",
           AtLeast{1})
      .as(OptionRole::weights);
}

}  // namespace lengthwise
