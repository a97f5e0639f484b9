#include "position/fire.h"

#include <cmath>

#include "base/options.h"
#include "position/layer_parameters.h"
#include "position/options.h"
#include "position/scheme.h"
#include "position/scheme_entry.h"

namespace lengthwise {
namespace {

/// psi(i - j) / psi(max(L, i)) of a block's pairs, 0 where the key lies ahead.  -> [Q, C] float32
torch::Tensor normalised_distances(const torch::Tensor& positions, const LogitBlock& block,
                                   const torch::Tensor& log_c, const torch::Tensor& log_threshold) {
  const auto queries = positions.index_select(0, block.query_index).unsqueeze(1);  // [Q, 1]
  const auto distances = (queries - positions.index_select(0, block.key_index)).clamp_min(0);
  const auto c = log_c.to(torch::kFloat64).exp();
  const auto reach = torch::max(queries, log_threshold.to(torch::kFloat64).exp());
  return (torch::log1p(c * distances) / torch::log1p(c * reach)).to(torch::kFloat32);
}

class Fire final : public PositionScheme {
 public:
  Fire(const FireOptions& options, const ModelShape& shape)
      : log_c_start_(std::log(options.c)),
        log_threshold_start_(
            std::log(options.threshold * static_cast<double>(shape.train_length))) {
    const int64_t sets = options.shared ? 1 : shape.layers;
    log_c_ = register_layer_parameters(*this, sets, "log_c", {1});
    log_threshold_ = register_layer_parameters(*this, sets, "log_threshold", {1});
    hidden_weight_ = register_layer_parameters(*this, sets, "hidden_weight", {options.width});
    hidden_bias_ = register_layer_parameters(*this, sets, "hidden_bias", {options.width});
    output_weight_ =
        register_layer_parameters(*this, sets, "output_weight", {shape.heads, options.width});
  }

  void reset_parameters() override {
    const torch::NoGradGuard no_grad;
    for (size_t set = 0; set < log_c_.size(); ++set) {
      log_c_[set].fill_(log_c_start_);
      log_threshold_[set].fill_(log_threshold_start_);
      hidden_weight_[set].uniform_(-1, 1);
      hidden_bias_[set].uniform_(-1, 1);
      const double bound = 1 / std::sqrt(static_cast<double>(output_weight_[set].size(1)));
      output_weight_[set].uniform_(-bound, bound);
    }
  }

  AttentionBias attention_bias(const LayerContext& context) const override {
    const size_t set = log_c_.size() == 1 ? 0 : static_cast<size_t>(context.layer);
    const auto block = [positions = context.positions.values](const LogitBlock& logits,
                                                              at::TensorList inputs) {
      const auto x = normalised_distances(positions, logits, inputs[0], inputs[1]);
      const auto hidden =
          torch::relu(torch::addcmul(inputs[3], inputs[2], x.flatten().unsqueeze(1)));  // [Q C, W]
      return torch::matmul(hidden, inputs[4].t())
          .t()
          .reshape({1, inputs[4].size(0), x.size(0), x.size(1)});
    };
    const auto& output = output_weight_[set];
    // The hidden layer before and after its ReLU, over the heads that share it.
    const int64_t floats_per_logit = 2 + 2 * output.size(1) / output.size(0);
    return PairBias{
        {log_c_[set], log_threshold_[set], hidden_weight_[set], hidden_bias_[set], output},
        block,
        floats_per_logit};
  }

 private:
  double log_c_start_, log_threshold_start_;
  std::vector<torch::Tensor> log_c_, log_threshold_, hidden_weight_, hidden_bias_, output_weight_;
};

std::shared_ptr<PositionScheme> make_fire(const PositionOptions& options, const ModelShape& shape) {
  return std::make_shared<Fire>(options.group<FireOptions>(), shape);
}

}  // namespace

constinit const SchemeEntry kFire{
    .name = "fire",
    .aliases = {"functional_interpolation", "fire_bias"},
    .summary = "a learned function of distance as a part of the position",
    .paper = "Li et al. 2024, 2310.04418",
    .groups = {make_group<FireOptions>},
    .learned = true,
    .relative = false,
    .reads_train_length = true,
    .has_kinks = true,
    .make = make_fire,
};

void FireOptions::declare(OptionSet& options) {
  options.role(OptionRole::weights);
  options.add("position.fire.width", width, "fire: hidden units of the network", AtLeast{1});
  options.add("position.fire.c", c, "fire: initial c of ln(c x + 1)", Between{1e-6, 1e6});
  options.add("position.fire.threshold", threshold,
              "fire: initial threshold L as a part of model.train_length", Between{1e-3, 1e3});
  options.add("position.fire.shared", shared, "fire: one network for all layers");
}

}  // namespace lengthwise
