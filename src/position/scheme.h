#pragma once

#include <functional>
#include <optional>
#include <variant>
#include <vector>

#include "base/torch.h"

namespace lengthwise {

/// Where the tokens of a window stand.
struct Positions {
  torch::Tensor values;        // [T] float64: whole numbers and angles stay exact
  std::optional<double> step;  // set when evenly spaced
};

struct QueriesKeys {
  torch::Tensor queries;  // [B, H, Q, K], of the last Q of the T places
  torch::Tensor keys;     // [B, H, T, K]
};

/// Which keys a query sees beside the causal rule: itself and window - 1 before it, and the first
/// `sinks` of the text. window 0: all.
struct Visibility {
  int64_t window = 0;
  int64_t sinks = 0;
};

/// A rectangle of logits: queries against the keys they may see. Rows may stand in any order.
struct LogitBlock {
  int64_t begin, end;         // query rows
  int64_t sinks, first;       // key columns: [0, sinks), then [first, end)
  torch::Tensor query_index;  // [Q] int64
  torch::Tensor key_index;    // [C] int64
  Visibility visibility;

  /// [Q, C - from_column] bool: causal, window and sinks. Made anew a call: most ways of attention
  /// never need it.
  torch::Tensor visible(int64_t from_column = 0) const;
};

/// What a scheme adds to the logits, or does to them, by the kind of thing it depends on. Attention
/// picks the cheapest exact way for each kind and never learns which scheme it serves. Tensors that
/// need gradients are listed, because a block is computed again inside backward: it must read them
/// from its argument alone (torch::linear(x, inputs[0]), never a module's forward).
struct NoBias {};
struct DistanceBias {
  torch::Tensor value;  // [H, T] float32, at distance 0 ... T-1 of a key behind its query
};
struct KeyBias {
  torch::Tensor value;  // [1 or B, H, T] float64; what is constant in a row cancels in the softmax
};
struct PairBias {
  std::vector<torch::Tensor> inputs;
  /// -> [1 or B, H, Q, C] float32, finite also where invisible
  std::function<torch::Tensor(const LogitBlock&, at::TensorList inputs)> block;
  int64_t floats_per_logit;  // the block's temporaries: attention chooses its rows by it
};
struct LogitChange {
  std::vector<torch::Tensor> inputs;
  /// From the scaled logits [B, H, Q, C], not masked and finite, and the queries [B, H, Q, K]; ->
  /// the new ones.
  std::function<torch::Tensor(const torch::Tensor& logits, const torch::Tensor& queries,
                              const LogitBlock&, at::TensorList inputs)>
      block;
  int64_t floats_per_logit;
};
using AttentionBias = std::variant<NoBias, DistanceBias, KeyBias, PairBias, LogitChange>;

/// What a layer's hooks may look at.
struct LayerContext {
  int64_t layer;
  const Positions& positions;
  const std::vector<torch::Tensor>& tables;  // of this forward pass, from PositionScheme::tables
  torch::Tensor hidden;                      // [B, T, D] the layer's normalised input
};

/// A positional scheme: every hook is the identity unless its paper says otherwise. The model owns
/// one, registers it as "position" and reaches it through these hooks alone. Arithmetic on
/// positions is float64 and what is applied float32, whatever the activations are. No state depends
/// on a length seen before, so answers do not depend on the order in which lengths are asked.
class PositionScheme : public torch::nn::Module {
 public:
  /// Positions of a window: 0 ... length-1. A scheme that draws them does so from `draw`, which
  /// names the forward pass: a training step, or a place in the evaluation.
  virtual Positions positions(int64_t length, uint64_t draw) const;

  /// What the layers share, made once a forward pass with its graph: angles, biases by distance.
  virtual std::vector<torch::Tensor> tables(const Positions& positions) const;

  virtual torch::Tensor apply_to_embeddings(torch::Tensor embeddings,  // [B, T, D]
                                            const Positions& positions) const;
  virtual QueriesKeys apply_to_queries_keys(QueriesKeys pair, const LayerContext& context) const;
  virtual AttentionBias attention_bias(const LayerContext& context) const;

  /// The longest window the scheme can stand in; nullopt: any.
  virtual std::optional<int64_t> max_length() const;

  /// Draws the scheme's own parameters, if it has any, from LibTorch's generator.
  virtual void reset_parameters() {}
};

}  // namespace lengthwise
