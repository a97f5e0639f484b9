#pragma once

#include <functional>
#include <optional>
#include <variant>
#include <vector>

#include "base/torch.h"

namespace lengthwise {

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
  // [1 or B, H, T] float64; what is constant in a row cancels in the softmax. Beside a sink a bias
  // counts as what it is above that of the query's own key.
  torch::Tensor value;
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
  /// Whether a softmax makes weights of them; or their exponentials are the weights, which then sum
  /// to at most 1: the rest goes to nothing.
  bool normalised = true;
};
using AttentionBias = std::variant<NoBias, DistanceBias, KeyBias, PairBias, LogitChange>;

/// What stands in the place of q k' where it depends on more than a query and a key. Attention
/// scales it as it would q k', and adds the bias after that. Keys are among the inputs.
struct PairProduct {
  std::vector<torch::Tensor> inputs;
  /// From the queries [B, H, Q, K] float32 of a block whose rows stand from the last to the first
  /// -> [B, H, Q, C] float32, finite also where invisible.
  std::function<torch::Tensor(const torch::Tensor& queries, const LogitBlock&,
                              at::TensorList inputs)>
      block;
  int64_t floats_per_logit;
};

/// What a scheme asks of attention beside its bias.
struct AttentionParts {
  std::optional<PairProduct> product;
  torch::Tensor
      sink_logit;  // [H] float32: a key that all see, of value 0; undefined: there is none
};

}  // namespace lengthwise
