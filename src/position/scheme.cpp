#include "position/scheme.h"

namespace lengthwise {

Positions PositionScheme::positions(int64_t length, uint64_t, torch::Device device) const {
  const auto options = torch::TensorOptions(torch::kFloat64).device(device);
  return {torch::arange(length, options), 1.0, static_cast<double>(length)};
}

std::vector<torch::Tensor> PositionScheme::tables(const Positions&) const {
  return {};
}

torch::Tensor PositionScheme::apply_to_embeddings(torch::Tensor embeddings,
                                                  const Positions&) const {
  return embeddings;
}

QueriesKeys PositionScheme::apply_to_queries_keys(QueriesKeys pair, const LayerContext&) const {
  return pair;
}

AttentionBias PositionScheme::attention_bias(const LayerContext&) const {
  return NoBias{};
}

std::optional<int64_t> PositionScheme::max_length() const {
  return std::nullopt;
}

}  // namespace lengthwise
