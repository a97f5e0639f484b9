#pragma once

#include "model/attention_block.h"

namespace lengthwise {

/// The gradients of attention, summed block by block; a block's logits are computed again.
class AttentionGradients {
 public:
  struct Saved {
    torch::Tensor queries, keys, values;      // [B, H, Q, K], [B, H, T, K]
    torch::Tensor output, log_sum, upstream;  // [B, H, Q, K], [B, H, Q]; the output's gradient
  };

  /// rows: the most a block will have. Keeps references to the walk and the inputs.
  AttentionGradients(const Walk& walk, Saved saved, const torch::autograd::variable_list& inputs,
                     int64_t rows);

  /// By the fused kernel's own backward: of queries, keys and values alone.
  void add_fused(const LogitBlock& block);
  /// Of the bias's tensors too.
  void add_by_hand(const LogitBlock& block);

  /// Of queries, keys, values, then of each input; undefined for those that need none.
  torch::autograd::variable_list gradients() const;

 private:
  using Tensor = torch::Tensor;
  using Tensors = torch::autograd::variable_list;

  /// Computed again with its graph.
  struct WithGraph {
    Tensors leaves;  // of a change the logits; the queries; then the inputs that need gradients
    std::vector<size_t> needed;
    Tensor result;
  };

  Tensor rows_of(const Tensor& all, const LogitBlock& block) const;
  Tensor rows_of_gradient(const LogitBlock& block);
  /// Inputs begin ... end - 1, those among them that need gradients as leaves.
  Tensors detached_inputs(size_t begin, size_t end, std::vector<size_t>& needed,
                          Tensors& leaves) const;
  WithGraph product_with_graph(const LogitBlock& block, const Tensor& queries) const;
  WithGraph change_with_graph(const LogitChange& change, const LogitBlock& block,
                              const Tensor& products, const Tensor& queries) const;
  Tensor through_change(const WithGraph& changed, const Tensor& slope, Tensor& query_slope);
  void through_product(const WithGraph& product, const Tensor& slope, Tensor& query_slope);
  void add_input_gradients(const std::vector<size_t>& needed, const Tensors& gradients,
                           size_t offset);
  void add_bias_gradient(const LogitBlock& block, const Tensor& slope);
  void add_by_distance(const LogitBlock& block, const Tensor& slope);
  void add_through_pairs(const PairBias& kind, const LogitBlock& block, const Tensor& slope);
  /// -> what the rows' slopes sum to [B, H, Q]: the sink's own are that below zero.
  Tensor add_sink_gradient(const LogitBlock& block, const Tensor& sink, const Tensor& sums,
                           const Tensor& delta);
  Tensor row_deltas(const LogitBlock& block) const;  // [B, H, Q]

  const Walk& walk_;
  Saved saved_;
  const Tensors& inputs_;
  int64_t first_;  // place of query 0
  BlockBias bias_;
  Tensor query_gradient_, key_gradient_, value_gradient_;
  Tensors input_gradients_;
};

}  // namespace lengthwise
