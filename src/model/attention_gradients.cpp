#include "model/attention_gradients.h"

#include <torch/csrc/autograd/autograd.h>

#include <algorithm>

#include "model/attention_fused.h"

namespace lengthwise {
namespace {

using torch::Tensor;
using torch::autograd::variable_list;

/// exp() of less is denormal: slow, and nothing.
constexpr double kSmallestExponent = -87.3;

/// Sums over what was broadcast, so that the result has the shape asked for.
Tensor summed_to(const Tensor& gradient, at::IntArrayRef sizes) {
  return at::sum_to(gradient, sizes);
}

/// A leaf of a graph of its own, float32.
Tensor leaf_of(const Tensor& x) {
  return x.detach().to(torch::kFloat32, /*non_blocking=*/false, /*copy=*/true).requires_grad_(true);
}

}  // namespace

AttentionGradients::AttentionGradients(const Walk& walk, Saved saved, const variable_list& inputs,
                                       int64_t rows)
    : walk_(walk),
      saved_(std::move(saved)),
      inputs_(inputs),
      first_(saved_.keys.size(2) - saved_.queries.size(2)),
      bias_(walk, saved_.keys, rows, inputs),
      query_gradient_(torch::empty_like(saved_.queries)),
      // Sums over blocks, so float32 whatever the products are.
      key_gradient_(torch::zeros_like(saved_.keys, torch::kFloat32)),
      value_gradient_(torch::zeros_like(saved_.values, torch::kFloat32)) {
  for (const Tensor& input : inputs) {
    input_gradients_.push_back(input.requires_grad() ? torch::zeros_like(input) : Tensor());
  }
}

variable_list AttentionGradients::gradients() const {
  const auto type = query_gradient_.scalar_type();
  variable_list all{query_gradient_, key_gradient_.to(type), value_gradient_.to(type)};
  all.insert(all.end(), input_gradients_.begin(), input_gradients_.end());
  return all;
}

Tensor AttentionGradients::rows_of(const Tensor& all, const LogitBlock& block) const {
  return block_rows(all, block, first_);
}

void AttentionGradients::add_fused(const LogitBlock& block) {
  const auto gradients =
      fused_attention_backward(rows_of(saved_.upstream, block),
                               {rows_of(saved_.queries, block),
                                block_columns(saved_.keys, 2, block),
                                block_columns(saved_.values, 2, block),
                                {rows_of(saved_.output, block), rows_of(saved_.log_sum, block)}},
                               bias_.mask(block, saved_.queries.size(0)), walk_.scale);
  rows_of_gradient(block).copy_(gradients.queries.flip(2));
  add_block_columns(key_gradient_, 2, block, gradients.keys);
  add_block_columns(value_gradient_, 2, block, gradients.values);
  if (const auto sink = bias_.sink(block); sink.defined()) {
    add_sink_gradient(block, sink, rows_of(saved_.log_sum, block), row_deltas(block));
  }
}

void AttentionGradients::add_by_hand(const LogitBlock& block) {
  const auto queries = rows_of(saved_.queries, block);
  const auto keys = block_columns(saved_.keys, 2, block);
  const auto values = block_columns(saved_.values, 2, block);
  const auto upstream = rows_of(saved_.upstream, block);
  const auto type = queries.scalar_type();
  const auto delta = row_deltas(block).unsqueeze(3);
  const auto sums = rows_of(saved_.log_sum, block).unsqueeze(3);

  std::optional<WithGraph> product, changed;
  if (walk_.parts.product) product = product_with_graph(block, queries);
  const auto products =
      product ? product->result.detach() * walk_.scale : bias_.products(block, queries, keys);
  Tensor weights;
  if (const auto* change = std::get_if<LogitChange>(&walk_.bias)) {
    changed = change_with_graph(*change, block, products, queries);
    weights = changed->result.detach() - sums;
  } else {
    weights = bias_.logits(block, products, queries).sub_(sums);
  }
  weights.clamp_min_(kSmallestExponent).exp_();
  hide(weights, block, 0);

  auto slope =
      lengthwise::product(upstream, values.transpose(2, 3));  // of the weights, then of the logits
  if (walk_.dropout.probability > 0) {
    const auto keep = keep_mask(walk_.dropout, block, weights.sizes())
                          .to(torch::kFloat32)
                          .div_(1 - walk_.dropout.probability);
    add_block_columns(value_gradient_, 2, block,
                      lengthwise::product((weights * keep).to(type).transpose(2, 3), upstream));
    slope.mul_(keep);
  } else {
    add_block_columns(value_gradient_, 2, block,
                      lengthwise::product(weights.to(type).transpose(2, 3), upstream));
  }
  if (walk_.normalised()) slope.sub_(delta);
  slope.mul_(weights);

  Tensor lost;
  if (const auto sink = bias_.sink(block); sink.defined()) {
    lost = add_sink_gradient(block, sink, sums.squeeze(3), delta.squeeze(3));
  }
  auto query_slope = torch::zeros_like(queries, torch::kFloat32);
  if (changed) {
    slope = through_change(*changed, slope, query_slope);
  } else {
    // Rows sum to zero with the sink, and a bias's gradient adds up what rounding leaves of that.
    if (std::holds_alternative<KeyBias>(walk_.bias)) {
      auto excess = slope.sum(3, /*keepdim=*/true);
      if (lost.defined()) excess.sub_(lost.unsqueeze(3));
      slope.addcmul_(weights, excess, -1);
    }
    add_bias_gradient(block, slope);
  }
  if (product) {
    through_product(*product, slope * walk_.scale, query_slope);
  } else {
    const auto rounded = slope.to(type);
    query_slope.add_(lengthwise::product(rounded, keys), walk_.scale);
    add_block_columns(key_gradient_, 2, block,
                      lengthwise::product(rounded.transpose(2, 3), queries).mul_(walk_.scale));
  }
  rows_of_gradient(block).copy_(query_slope.flip(2));
}

Tensor AttentionGradients::row_deltas(const LogitBlock& block) const {
  return (rows_of(saved_.upstream, block).to(torch::kFloat32) * rows_of(saved_.output, block))
      .sum(3);
}

/// The sink's weight falls on no value, so that its logit's slope is all that others lose.
Tensor AttentionGradients::add_sink_gradient(const LogitBlock& block, const Tensor& sink,
                                             const Tensor& sums, const Tensor& delta) {
  const auto lost = (sink - sums).exp_().mul_(delta);
  if (inputs_[walk_.sink_begin].requires_grad()) {
    input_gradients_[walk_.sink_begin].sub_(lost.sum(at::IntArrayRef{0, 2}));
  }
  if (std::holds_alternative<KeyBias>(walk_.bias) && inputs_[0].requires_grad()) {
    // The query's own key, which the others' biases are above.
    input_gradients_[0]
        .slice(2, block.begin, block.end)
        .sub_(summed_to(lost.flip(2), {inputs_[0].size(0), lost.size(1), lost.size(2)}));
  }
  return lost;
}

Tensor AttentionGradients::rows_of_gradient(const LogitBlock& block) {
  return query_gradient_.slice(2, block.begin - first_, block.end - first_);
}

variable_list AttentionGradients::detached_inputs(size_t begin, size_t end,
                                                  std::vector<size_t>& needed,
                                                  variable_list& leaves) const {
  variable_list detached;
  for (size_t i = begin; i < end; ++i) {
    detached.push_back(inputs_[i].detach());
    if (!inputs_[i].requires_grad()) continue;
    detached.back().set_requires_grad(true);
    needed.push_back(i);
    leaves.push_back(detached.back());
  }
  return detached;
}

AttentionGradients::WithGraph AttentionGradients::product_with_graph(const LogitBlock& block,
                                                                     const Tensor& queries) const {
  const torch::AutoGradMode with_graph(true);
  WithGraph product;
  product.leaves = {leaf_of(queries)};
  const auto inputs =
      detached_inputs(walk_.product_begin, walk_.sink_begin, product.needed, product.leaves);
  product.result = walk_.parts.product->block(product.leaves[0], block, inputs);
  return product;
}

void AttentionGradients::through_product(const WithGraph& product, const Tensor& slope,
                                         Tensor& query_slope) {
  const auto gradients =
      torch::autograd::grad({product.result}, product.leaves, {slope}, std::nullopt,
                            /*create_graph=*/false, /*allow_unused=*/true);
  if (gradients[0].defined()) query_slope.add_(gradients[0]);
  add_input_gradients(product.needed, gradients, 1);
}

AttentionGradients::WithGraph AttentionGradients::change_with_graph(const LogitChange& change,
                                                                    const LogitBlock& block,
                                                                    const Tensor& products,
                                                                    const Tensor& queries) const {
  const torch::AutoGradMode with_graph(true);
  WithGraph changed;
  changed.leaves = {products.detach().requires_grad_(true), leaf_of(queries)};
  const auto inputs = detached_inputs(0, walk_.product_begin, changed.needed, changed.leaves);
  changed.result = change.block(changed.leaves[0], changed.leaves[1], block, inputs);
  return changed;
}

/// -> the gradient of the logits before the change; adds those of the inputs and of the queries.
Tensor AttentionGradients::through_change(const WithGraph& changed, const Tensor& slope,
                                          Tensor& query_slope) {
  const auto gradients =
      torch::autograd::grad({changed.result}, changed.leaves, {slope}, std::nullopt,
                            /*create_graph=*/false, /*allow_unused=*/true);
  if (gradients[1].defined()) query_slope.add_(gradients[1]);
  add_input_gradients(changed.needed, gradients, 2);
  return gradients[0].defined() ? gradients[0] : torch::zeros_like(slope);
}

void AttentionGradients::add_input_gradients(const std::vector<size_t>& needed,
                                             const variable_list& gradients, size_t offset) {
  for (size_t i = 0; i < needed.size(); ++i) {
    if (gradients[offset + i].defined()) input_gradients_[needed[i]].add_(gradients[offset + i]);
  }
}

void AttentionGradients::add_bias_gradient(const LogitBlock& block, const Tensor& slope) {
  if (std::ranges::none_of(walk_.of_bias(inputs_), &Tensor::requires_grad)) return;
  std::visit(Overloaded{
                 [&](const DistanceBias&) { add_by_distance(block, slope.sum(0)); },
                 [&](const KeyBias&) {
                   add_block_columns(input_gradients_[0], 2, block,
                                     summed_to(slope.sum(2, false, torch::kFloat64),
                                               {inputs_[0].size(0), slope.size(1), slope.size(3)}));
                 },
                 [&](const PairBias& kind) { add_through_pairs(kind, block, slope); },
                 [](const auto&) {},
             },
             walk_.bias);
}

/// Sums slope [H, Q, C] along its diagonals. In rows of C + Q numbers, zeros behind the columns,
/// a view whose row stride is one less has the entries of one distance below each other.
void AttentionGradients::add_by_distance(const LogitBlock& block, const Tensor& slope) {
  const int64_t heads = slope.size(0), rows = slope.size(1);
  auto& gradient = input_gradients_[0];
  const int64_t recent = block.end - block.first, width = recent + rows;
  auto padded = torch::zeros({heads, rows, width}, slope.options());
  padded.slice(2, 0, recent).copy_(slope.slice(2, block.sinks));
  const auto diagonals =
      padded.as_strided({heads, rows, width - 1}, {rows * width, width - 1, 1}).sum(1);
  // Column n is at distance end - 1 - first - n; what lies behind is beyond the causal rule and
  // zero.
  gradient.slice(1, 0, recent).add_(diagonals.slice(1, 0, recent).flip(1));
  if (block.sinks > 0) {
    const auto distance = block.query_index.unsqueeze(1) - block.key_index.slice(0, 0, block.sinks);
    gradient.index_add_(1, distance.flatten(), slope.slice(2, 0, block.sinks).flatten(1));
  }
}

void AttentionGradients::add_through_pairs(const PairBias& kind, const LogitBlock& block,
                                           const Tensor& slope) {
  const torch::AutoGradMode with_graph(true);
  std::vector<size_t> needed;
  variable_list leaves;
  const auto inputs = detached_inputs(0, walk_.product_begin, needed, leaves);
  const auto bias = kind.block(block, inputs);
  if (!bias.requires_grad()) return;
  const auto gradients =
      torch::autograd::grad({bias}, leaves, {summed_to(slope, bias.sizes())}, std::nullopt,
                            /*create_graph=*/false, /*allow_unused=*/true);
  add_input_gradients(needed, gradients, 0);
}

}  // namespace lengthwise
