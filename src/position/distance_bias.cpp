#include "position/distance_bias.h"

namespace lengthwise {

AttentionBias make_distance_bias(
    const Positions& positions, std::vector<torch::Tensor> inputs,
    std::function<torch::Tensor(const torch::Tensor& distances, at::TensorList inputs)> bias_at) {
  if (positions.step) {
    const auto distances =
        torch::arange(positions.values.size(0), torch::kFloat64) * *positions.step;
    return DistanceBias{bias_at(distances, inputs).to(torch::kFloat32)};
  }
  const auto block = [bias_at, values = positions.values](const LogitBlock& logits,
                                                          at::TensorList block_inputs) {
    const auto queries = values.index_select(0, logits.query_index).unsqueeze(1);
    const auto distances = (queries - values.index_select(0, logits.key_index)).clamp_min(0);
    return bias_at(distances, block_inputs).to(torch::kFloat32).unsqueeze(0);
  };
  return PairBias{std::move(inputs), block, /*floats_per_logit=*/8};
}

}  // namespace lengthwise
