#include "position/scheme.h"

#include "position/query_factor.h"
#include "position/sink_logit.h"

namespace lengthwise {
namespace {

/// Of the queries [.., Q], the last of the T places: factors [T] or [H, T] -> [H or 1, Q].
torch::Tensor of_last(const torch::Tensor& factors, int64_t queries) {
  const auto by_head = factors.dim() == 1 ? factors.unsqueeze(0) : factors;
  return by_head.slice(1, by_head.size(1) - queries).to(torch::kFloat32);
}

/// The change of logits that were multiplied before; what it makes from queries is not.
LogitChange after_factor(LogitChange change, const torch::Tensor& factors) {
  const size_t count = change.inputs.size();
  change.inputs.push_back(of_last(factors, factors.size(-1)));
  change.block = [block = std::move(change.block), count](
                     const torch::Tensor& logits, const torch::Tensor& queries,
                     const LogitBlock& rectangle, at::TensorList inputs) {
    const auto rows = inputs[count].index_select(1, rectangle.query_index).unsqueeze(2);
    return block(logits * rows, queries, rectangle, inputs.slice(0, count));
  };
  ++change.floats_per_logit;
  return change;
}

}  // namespace

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

std::optional<PairProduct> PositionScheme::pair_product(const LayerContext&) const {
  return std::nullopt;
}

torch::Tensor PositionScheme::query_factor(const LayerContext& context) const {
  if (!query_factor_) return {};
  const torch::Tensor& positions = context.positions.values;
  return query_factor_->at(keys_seen(positions.size(0), context.visibility, positions.device()),
                           context.layer);
}

void PositionScheme::set_query_factor(std::shared_ptr<QueryFactor> factor) {
  query_factor_ = register_module("query_factor", std::move(factor));
}

void PositionScheme::set_sink_logit(std::shared_ptr<SinkLogit> sink) {
  sink_logit_ = register_module("sink_logit", std::move(sink));
}

std::optional<int64_t> PositionScheme::max_length() const {
  return std::nullopt;
}

AttentionInputs attention_inputs(const PositionScheme& scheme, QueriesKeys pair,
                                 const LayerContext& context) {
  auto [queries, keys] = scheme.apply_to_queries_keys(std::move(pair), context);
  LayerContext after = context;
  after.keys = keys;
  AttentionInputs inputs{
      queries, keys, scheme.attention_bias(after), {scheme.pair_product(after), {}}};
  if (scheme.sink_logit()) inputs.parts.sink_logit = scheme.sink_logit()->of_layer(context.layer);
  const auto factor = scheme.query_factor(context);
  if (!factor.defined()) return inputs;
  if (auto* change = std::get_if<LogitChange>(&inputs.bias)) {
    *change = after_factor(std::move(*change), factor);
  } else {
    inputs.queries = inputs.queries * of_last(factor, queries.size(2)).unsqueeze(2);
  }
  return inputs;
}

}  // namespace lengthwise
