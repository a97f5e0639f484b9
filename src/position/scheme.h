#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "base/torch.h"
#include "position/bias.h"

namespace lengthwise {

class QueryFactor;
class SinkLogit;

/// Where the tokens of a window stand.
struct Positions {
  torch::Tensor values;        // [T] float64: whole numbers and angles stay exact
  std::optional<double> step;  // set when evenly spaced
  double reach;                // the last one + 1: known without asking the device
};

struct QueriesKeys {
  torch::Tensor queries;  // [B, H, Q, K], of the last Q of the T places
  torch::Tensor keys;     // [B, G, T, K]: H heads, or fewer that each serve H / G
};

/// What a layer's hooks may look at.
struct LayerContext {
  int64_t layer;
  const Positions& positions;
  const std::vector<torch::Tensor>& tables;  // of this forward pass, from PositionScheme::tables
  torch::Tensor hidden;                      // [B, T, D] the layer's normalised input
  Visibility visibility = {};                // of the layer
  torch::Tensor keys = {};  // [B, G, T, K] as attention sees them: for biases alone
};

/// A positional scheme: every hook is the identity unless its paper says otherwise. The model owns
/// one, registers it as "position" and reaches it through these hooks alone. Arithmetic on
/// positions is float64 and what is applied float32, whatever the activations are. No state depends
/// on a length seen before, so answers do not depend on the order in which lengths are asked.
///
/// Whatever a hook makes, it makes where the positions or its own tensors are. Constants are
/// buffers (register_buffer), which follow the model to its device and stay out of checkpoints.
class PositionScheme : public torch::nn::Module {
 public:
  /// Positions of a window: 0 ... length-1. A scheme that draws them does so from `draw`, which
  /// names the forward pass: a training step, or a place in the evaluation.
  virtual Positions positions(int64_t length, uint64_t draw,
                              torch::Device device = torch::kCPU) const;

  /// Whether `draw` decides them. A measurement then is a mean over draws, each window under one of
  /// its own.
  virtual bool draws_positions() const { return false; }

  /// What the layers share, made once a forward pass with its graph: angles, biases by distance.
  virtual std::vector<torch::Tensor> tables(const Positions& positions) const;

  virtual torch::Tensor apply_to_embeddings(torch::Tensor embeddings,  // [B, T, D]
                                            const Positions& positions) const;
  /// Of any width: logits are scaled by that of the values. Keys may come back for each of H heads.
  virtual QueriesKeys apply_to_queries_keys(QueriesKeys pair, const LayerContext& context) const;
  virtual AttentionBias attention_bias(const LayerContext& context) const;
  /// In the place of q k'; nullopt: the product as it is.
  virtual std::optional<PairProduct> pair_product(const LayerContext& context) const;

  /// What multiplies q k' of each query beside the scheme (position/query_factor.h): [T] or [H, T]
  /// float64; undefined: nothing does.
  virtual torch::Tensor query_factor(const LayerContext& context) const;
  /// Registers it as "query_factor", as which its parameters are saved.
  void set_query_factor(std::shared_ptr<QueryFactor> factor);
  /// A logit beside those of the keys (position/sink_logit.h), registered as "sink_logit".
  void set_sink_logit(std::shared_ptr<SinkLogit> sink);
  const SinkLogit* sink_logit() const { return sink_logit_.get(); }

  /// The longest window the scheme can stand in; nullopt: any.
  virtual std::optional<int64_t> max_length() const;

  /// Draws the scheme's own parameters, if it has any, from LibTorch's generator.
  virtual void reset_parameters() {}

 private:
  std::shared_ptr<QueryFactor> query_factor_;
  std::shared_ptr<SinkLogit> sink_logit_;
};

/// What attention computes with.
struct AttentionInputs {
  torch::Tensor queries, keys;  // as QueriesKeys, of any width
  AttentionBias bias;
  AttentionParts parts;
};

/// A layer's, by the rule by which a scheme's parts compose: the query factor multiplies q k'
/// or what stands in its place alone, a bias is added after it, a change of logits sees the
/// product, the mask comes last, and the sink is beside all that.
AttentionInputs attention_inputs(const PositionScheme& scheme, QueriesKeys pair,
                                 const LayerContext& context);

}  // namespace lengthwise
