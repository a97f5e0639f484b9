#include "position/grape.h"

#include <cmath>

#include "position/alibi.h"
#include "position/heads.h"
#include "position/layer_parameters.h"
#include "position/options.h"
#include "position/scheme.h"
#include "position/scheme_entry.h"

namespace lengthwise {
namespace {

using torch::Tensor;

class GrapeA final : public PositionScheme {
 public:
  GrapeA(const std::vector<double>& slopes, const ModelShape& shape)
      : slopes_(register_buffer("slopes", torch::tensor(slopes, torch::kFloat32))),
        omegas_(register_layer_parameters(*this, shape.layers, "omega", {shape.heads})),
        directions_(register_layer_parameters(*this, shape.layers, "direction",
                                              {shape.heads, shape.head_width()})) {}

  void reset_parameters() override {
    const torch::NoGradGuard no_grad;
    for (Tensor& omega : omegas_) omega.fill_(1);
    for (Tensor& direction : directions_) direction.normal_();
  }

  AttentionBias attention_bias(const LayerContext& context) const override {
    const auto layer = static_cast<size_t>(context.layer);
    const auto& direction = directions_.at(layer);
    const auto unit = direction / direction.norm(2, 1, /*keepdim=*/true);
    const auto keys = for_each_head(context.keys.to(torch::kFloat32), direction.size(0));
    const auto said = (keys * unit.unsqueeze(1)).sum(3) /
                      std::sqrt(static_cast<double>(unit.size(1)));  // [B, H, T]
    const auto steepness = (slopes_ * at::softplus(omegas_.at(layer))).unsqueeze(1);
    const auto block = [positions = context.positions.values](const LogitBlock& logits,
                                                              at::TensorList inputs) {
      const auto queries = positions.index_select(0, logits.query_index).unsqueeze(1);
      const auto distances = (queries - positions.index_select(0, logits.key_index)).clamp_min(0);
      const auto slopes = inputs[0].index_select(2, logits.key_index).unsqueeze(2);
      return -distances.to(torch::kFloat32) * slopes;
    };
    return PairBias{{at::softplus(said) * steepness}, block, /*floats_per_logit=*/4};
  }

 private:
  Tensor slopes_;                            // [H]
  std::vector<Tensor> omegas_, directions_;  // a layer: [H], [H, K]
};

std::shared_ptr<PositionScheme> make_grape_a(const PositionOptions& options,
                                             const ModelShape& shape) {
  return std::make_shared<GrapeA>(alibi_slopes(shape.heads, options.group<AlibiOptions>().bias_max),
                                  shape);
}

}  // namespace

constinit const SchemeEntry kGrapeA{
    .name = "grape_a",
    .aliases = {"grape", "grape_additive", "grape_a_keygated"},
    .summary = "scores penalised linearly with distance, by a slope that each key sets",
    .paper = "2512.07805",
    .groups = {make_group<AlibiOptions>},
    .learned = true,
    .make = make_grape_a,
};

}  // namespace lengthwise
