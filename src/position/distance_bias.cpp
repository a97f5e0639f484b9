#include "position/distance_bias.h"

namespace lengthwise {

torch::Tensor even_distances(const Positions& positions) {
  return torch::arange(positions.values.size(0), positions.values.options()) * *positions.step;
}

AttentionBias make_distance_bias(const Positions& positions, std::vector<torch::Tensor> inputs,
                                 BiasAt bias_at) {
  if (positions.step) {
    return DistanceBias{bias_at(even_distances(positions), inputs).to(torch::kFloat32)};
  }
  const auto block = [bias_at, values = positions.values](const LogitBlock& logits,
                                                          at::TensorList block_inputs) {
    const auto queries = values.index_select(0, logits.query_index).unsqueeze(1);
    const auto distances = (queries - values.index_select(0, logits.key_index)).clamp_min(0);
    return bias_at(distances, block_inputs).to(torch::kFloat32).unsqueeze(0);
  };
  return PairBias{std::move(inputs), block, /*floats_per_logit=*/8};
}

std::vector<torch::Tensor> FixedDistanceBias::tables(const Positions& positions) const {
  if (!positions.step) return {};
  const auto bias_at = bias_in(positions.values.size(0));
  return {bias_at(even_distances(positions), {}).to(torch::kFloat32)};
}

AttentionBias FixedDistanceBias::attention_bias(const LayerContext& context) const {
  if (context.positions.step) return DistanceBias{context.tables.at(0)};
  return make_distance_bias(context.positions, {}, bias_in(context.positions.values.size(0)));
}

}  // namespace lengthwise
