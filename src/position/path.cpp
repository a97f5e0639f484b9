#include "position/path.h"

#include <cmath>
#include <optional>

#include "base/options.h"
#include "position/causal_convolution.h"
#include "position/forget_gates.h"
#include "position/heads.h"
#include "position/householder.h"
#include "position/layer_parameters.h"
#include "position/options.h"
#include "position/scheme.h"
#include "position/scheme_entry.h"

namespace lengthwise {
namespace {

using torch::Tensor;

constexpr int64_t kTaps = 3;
constexpr double kSmallestLength = 1e-6;

class Path final : public PositionScheme {
 public:
  Path(const PathOptions& options, const ModelShape& shape, bool with_gates) : heads_(shape.heads) {
    const int64_t all = shape.heads * shape.head_width();
    const auto each_layer = [&](const std::string& name, at::IntArrayRef sizes) {
      return register_layer_parameters(*this, shape.layers, name, sizes);
    };
    down_ = each_layer("down", {options.rank, shape.width});
    up_ = each_layer("up", {all, options.rank});
    convolution_ = each_layer("convolution", {all, kTaps});
    strength_weight_ = each_layer("strength_weight", {shape.heads, shape.width});
    strength_bias_ = each_layer("strength_bias", {shape.heads});
    if (with_gates) gates_.emplace(*this, shape, "gate_");
  }

  void reset_parameters() override {
    const torch::NoGradGuard no_grad;
    for (auto* matrices : {&down_, &up_}) {
      for (Tensor& each : *matrices) {
        each.normal_(0, 1 / std::sqrt(static_cast<double>(each.size(1))));
      }
    }
    const double bound = 1 / std::sqrt(static_cast<double>(kTaps));
    for (Tensor& each : convolution_) each.uniform_(-bound, bound);
    for (Tensor& each : strength_weight_) each.normal_(0, 0.02);
    for (Tensor& each : strength_bias_) each.zero_();
    if (gates_) gates_->reset_parameters();
  }

  std::optional<PairProduct> pair_product(const LayerContext& context) const override {
    const auto layer = static_cast<size_t>(context.layer);
    const auto x = context.hidden.to(torch::kFloat32);
    const auto projected = torch::linear(torch::linear(x, down_.at(layer)), up_.at(layer));
    const auto directions = at::silu(causal_convolution(projected, convolution_.at(layer)))
                                .unflatten(2, {heads_, -1})
                                .transpose(1, 2);  // [B, H, T, K]
    const auto lengths = directions.norm(2, 3, /*keepdim=*/true).clamp_min(kSmallestLength);
    const auto strength =
        2 * torch::linear(x, strength_weight_.at(layer), strength_bias_.at(layer)).sigmoid();
    return householder_product(for_each_head(context.keys.to(torch::kFloat32), heads_),
                               directions / lengths, strength.transpose(1, 2));
  }

  AttentionBias attention_bias(const LayerContext& context) const override {
    if (!gates_) return NoBias{};
    return gates_->bias(context);
  }

 private:
  int64_t heads_;
  std::vector<Tensor> down_, up_, convolution_, strength_weight_, strength_bias_;  // a layer's each
  std::optional<ForgetGates> gates_;
};

std::shared_ptr<PositionScheme> make_path(const PositionOptions& options, const ModelShape& shape) {
  return std::make_shared<Path>(options.group<PathOptions>(), shape, /*with_gates=*/false);
}

std::shared_ptr<PositionScheme> make_path_fox(const PositionOptions& options,
                                              const ModelShape& shape) {
  return std::make_shared<Path>(options.group<PathOptions>(), shape, /*with_gates=*/true);
}

}  // namespace

constinit const SchemeEntry kPath{
    .name = "path",
    .aliases = {"path_attention", "householder"},
    .summary = "keys reflected once for each token on the way to the query, as the text chooses",
    .paper = "Yang et al. 2025, 2505.16381",
    .groups = {make_group<PathOptions>},
    .learned = true,
    .reach_behind_window = kTaps - 2,
    .make = make_path,
};

constinit const SchemeEntry kPathFox{
    .name = "path_fox",
    .aliases = {"path_forgetting"},
    .summary = "path, and scores that fall by gates over the tokens between",
    .paper = "Yang et al. 2025, 2505.16381",
    .groups = {make_group<PathOptions>},
    .learned = true,
    .reach_behind_window = kTaps - 2,
    .make = make_path_fox,
};

void PathOptions::declare(OptionSet& options) {
  options
      .add("position.path.rank", rank,
           "path, path_fox: rank of the projection that gives a token's direction", AtLeast{1})
      .as(OptionRole::weights);
}

}  // namespace lengthwise
