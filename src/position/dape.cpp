#include "position/dape.h"

#include <cmath>

#include "base/options.h"
#include "position/layer_parameters.h"
#include "position/options.h"
#include "position/registry.h"
#include "position/scheme.h"
#include "position/scheme_entry.h"

namespace lengthwise {
namespace {

constexpr double kSlopeBelowZero = 0.01;

/// What a block is handed: a layer's network, then what the bias reads.
enum Input { kHiddenWeight, kHiddenBias, kOutputWeight, kOfBias };

/// The bias that the network looks at, over a block: [H, Q C].
struct BaseBias {
  std::vector<torch::Tensor> inputs;
  std::function<torch::Tensor(const LogitBlock&, at::TensorList inputs)> block;
};

BaseBias base_bias(const AttentionBias& bias, int64_t heads) {
  if (const auto* distance = std::get_if<DistanceBias>(&bias)) {
    return {{distance->value}, [](const LogitBlock& block, at::TensorList inputs) {
              const auto distances = block.query_index.unsqueeze(1) - block.key_index;
              return inputs[0].index_select(1, distances.clamp_min(0).flatten());
            }};
  }
  if (const auto* pair = std::get_if<PairBias>(&bias)) {
    return {pair->inputs, [of_pairs = pair->block](const LogitBlock& block, at::TensorList inputs) {
              return of_pairs(block, inputs).squeeze(0).flatten(1);
            }};
  }
  return {{}, [heads](const LogitBlock& block, at::TensorList) {
            const int64_t pairs = block.query_index.numel() * block.key_index.numel();
            return torch::zeros({heads, pairs}, block.query_index.options().dtype(torch::kFloat32));
          }};
}

/// logits [B, H, Q, C] and their bias [H, Q C]. With the heads as rows and the pairs as columns
/// nothing is rearranged, and the bias goes through W1 once for the batch.
torch::Tensor adapt(const torch::Tensor& logits, const torch::Tensor& bias, at::TensorList inputs) {
  const int64_t batch = logits.size(0), heads = logits.size(1);
  const auto from_logits = inputs[kHiddenWeight].slice(1, 0, heads);
  const auto from_bias = inputs[kHiddenWeight].slice(1, heads);
  const auto of_bias = torch::addmm(inputs[kHiddenBias].unsqueeze(1), from_bias, bias);  // [W, Q C]
  const auto hidden = torch::leaky_relu(
      torch::baddbmm(of_bias, from_logits.expand({batch, -1, -1}), logits.flatten(2)),
      kSlopeBelowZero);  // [B, W, Q C]
  const auto corrected =
      torch::baddbmm(bias, inputs[kOutputWeight].expand({batch, -1, -1}), hidden);  // [B, H, Q C]
  return logits + corrected.view_as(logits);
}

class Dape final : public PositionScheme {
 public:
  Dape(const DapeOptions& options, const ModelShape& shape, std::shared_ptr<PositionScheme> base)
      : heads_(shape.heads),
        width_(options.width),
        hidden_weight_(
            register_layer_parameters(*this, shape.layers, "hidden_weight", {width_, 2 * heads_})),
        hidden_bias_(register_layer_parameters(*this, shape.layers, "hidden_bias", {width_})),
        output_weight_(
            register_layer_parameters(*this, shape.layers, "output_weight", {heads_, width_})),
        base_(register_module("base", std::move(base))) {}

  void reset_parameters() override {
    const torch::NoGradGuard no_grad;
    const double hidden = 1 / std::sqrt(static_cast<double>(2 * heads_));
    const double output = 1 / std::sqrt(static_cast<double>(width_));
    for (size_t layer = 0; layer < hidden_weight_.size(); ++layer) {
      hidden_weight_[layer].uniform_(-hidden, hidden);
      hidden_bias_[layer].uniform_(-hidden, hidden);
      output_weight_[layer].uniform_(-output, output);
    }
    base_->reset_parameters();
  }

  std::vector<torch::Tensor> tables(const Positions& positions) const override {
    return base_->tables(positions);
  }

  AttentionBias attention_bias(const LayerContext& context) const override {
    const auto layer = static_cast<size_t>(context.layer);
    const BaseBias base = base_bias(base_->attention_bias(context), heads_);
    std::vector<torch::Tensor> inputs{hidden_weight_.at(layer), hidden_bias_.at(layer),
                                      output_weight_.at(layer)};
    inputs.insert(inputs.end(), base.inputs.begin(), base.inputs.end());
    const auto block = [of_block = base.block](const torch::Tensor& logits, const torch::Tensor&,
                                               const LogitBlock& rectangle, at::TensorList listed) {
      return adapt(logits, of_block(rectangle, listed.slice(kOfBias)), listed);
    };
    return LogitChange{std::move(inputs), block, /*floats_per_logit=*/8 + 3 * width_ / heads_};
  }

 private:
  int64_t heads_, width_;
  std::vector<torch::Tensor> hidden_weight_, hidden_bias_, output_weight_;  // a layer's each
  std::shared_ptr<PositionScheme> base_;
};

std::string_view scheme_inside(const PositionOptions& options) {
  return options.group<DapeOptions>().bias;
}

std::shared_ptr<PositionScheme> make_dape(const PositionOptions& options, const ModelShape& shape) {
  const auto base = options.with_scheme(scheme_inside(options));
  return std::make_shared<Dape>(options.group<DapeOptions>(), shape, make_scheme(base, shape));
}

}  // namespace

constinit const SchemeEntry kDape{
    .name = "dape",
    .aliases = {"cape", "data_adaptive", "dape_alibi"},
    .summary = "a bias by distance that a small network corrects from the logits",
    .paper = "Zheng et al. 2024, 2405.14722",
    .groups = {make_group<DapeOptions>},
    .inside = scheme_inside,
    .learned = true,
    .make = make_dape,
};

void DapeOptions::declare(OptionSet& options) {
  options.add("position.dape.bias", bias,
              "dape: the scheme whose bias the network looks at and corrects",
              OneOf{{"none", "alibi", "kerple_log", "fire"}});
  options.add("position.dape.width", width, "dape: hidden units of a layer's network", AtLeast{1})
      .as(OptionRole::weights);
}

}  // namespace lengthwise
