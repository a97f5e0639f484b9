#include "position/content_bias.h"

#include <cmath>

#include "base/options.h"
#include "position/layer_parameters.h"
#include "position/options.h"
#include "position/scheme.h"
#include "position/scheme_entry.h"

namespace lengthwise {
namespace {

using torch::Tensor;

/// asked [B, H, T, R], profiles [R, N], positions [T] -> [B, H, Q, C].
Tensor answers(const Tensor& asked, const Tensor& profiles, const Tensor& positions,
               const LogitBlock& block) {
  const int64_t reach = profiles.size(1);
  const auto queries = positions.index_select(0, block.query_index).unsqueeze(1);
  const auto distances = (queries - positions.index_select(0, block.key_index))
                             .clamp(0, static_cast<double>(reach))
                             .to(torch::kInt64);
  const auto by_distance = at::constant_pad_nd(
      torch::matmul(asked.index_select(2, block.query_index), profiles), {0, 1}, 0);
  return by_distance.gather(
      3, distances.expand({asked.size(0), asked.size(1), distances.size(0), distances.size(1)}));
}

class ContentBias final : public PositionScheme {
 public:
  ContentBias(const ContentBiasOptions& options, const ModelShape& shape)
      : heads_(shape.heads),
        weights_(register_layer_parameters(*this, shape.layers, "weight",
                                           {shape.heads * options.rank, shape.width})),
        profiles_(register_layer_parameters(*this, shape.layers, "profiles",
                                            {options.rank, options.reach})) {}

  void reset_parameters() override {
    const torch::NoGradGuard no_grad;
    for (Tensor& weight : weights_) {
      weight.normal_(0, 1 / std::sqrt(static_cast<double>(weight.size(1))));
    }
    for (Tensor& profiles : profiles_) profiles.normal_(0, 0.02);
  }

  AttentionBias attention_bias(const LayerContext& context) const override {
    const auto layer = static_cast<size_t>(context.layer);
    const auto asked = torch::linear(context.hidden.to(torch::kFloat32), weights_.at(layer))
                           .unflatten(2, {heads_, -1})
                           .transpose(1, 2);
    const auto block = [positions = context.positions.values](const LogitBlock& logits,
                                                              at::TensorList inputs) {
      return answers(inputs[0], inputs[1], positions, logits);
    };
    return PairBias{{asked, profiles_.at(layer)}, block, /*floats_per_logit=*/8};
  }

 private:
  int64_t heads_;
  std::vector<Tensor> weights_, profiles_;  // a layer: [H R, D], [R, N]
};

std::shared_ptr<PositionScheme> make_content_bias(const PositionOptions& options,
                                                  const ModelShape& shape) {
  return std::make_shared<ContentBias>(options.group<ContentBiasOptions>(), shape);
}

}  // namespace

constinit const SchemeEntry kContentBias{
    .name = "content_bias",
    .aliases = {"inkling", "content_relative_bias", "low_rank_bias"},
    .summary = "a bias by distance that each query puts together from a few profiles",
    .paper = "Inkling 2026, transformers models/inkling",
    .groups = {make_group<ContentBiasOptions>},
    .learned = true,
    .make = make_content_bias,
};

void ContentBiasOptions::declare(OptionSet& options) {
  options
      .add("position.content_bias.rank", rank, "content_bias: profiles that queries mix",
           AtLeast{1})
      .as(OptionRole::weights);
  options
      .add("position.content_bias.reach", reach,
           "content_bias: distances with a bias of their own; farther keys have none", AtLeast{1})
      .as(OptionRole::weights);
}

}  // namespace lengthwise
