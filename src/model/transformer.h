#pragma once

#include <memory>
#include <string>
#include <vector>

#include "model/embeddings.h"
#include "model/head.h"
#include "model/layers.h"
#include "model/options.h"

namespace lengthwise {

class PositionScheme;
struct AttentionRule;
struct LayerContext;
struct PositionOptions;

/// Multi-head causal self-attention; the scheme acts on queries, keys and logits. With fewer heads
/// of keys and values, G, query head h reads head h / (H/G) (Ainslie et al. 2023, 2305.13245).
struct AttentionImpl : torch::nn::Module {
  explicit AttentionImpl(const ModelOptions& options);

  void reset(double output_gain);
  /// As fairseq: Xavier-uniform, of queries, keys and values with gain 1 / sqrt 2; their biases as
  /// PyTorch draws them, the output's 0.
  void reset_as_fairseq();
  /// -> [B, Q, D], of the last Q of the T places.
  torch::Tensor forward(const PositionScheme& scheme, const LayerContext& context,
                        const AttentionRule& rule, int64_t queries) const;

  int64_t heads, heads_of_keys, head_width;
  Linear query_key_value;  // rows: all queries, all keys, all values; head by head within each
  Linear output;
  Norm query_norm{nullptr}, key_norm{nullptr};  // model.query_key_norm

 private:
  /// Queries [B, H, Q, K], keys and values [B, G, T, K].
  std::vector<torch::Tensor> project(const torch::Tensor& x, int64_t queries) const;
  std::vector<torch::Tensor> project_apart(const torch::Tensor& x, int64_t queries) const;
  torch::Tensor normed(const Norm& norm, const torch::Tensor& x) const;  // x [B, G, T, K]

  double clip_, scale_;
  bool norm_of_all_heads_;
};
TORCH_MODULE(Attention);

/// down(activation(up(x))); SwiGLU: down(silu(gate(x)) * up(x)) (Shazeer 2020, 2002.05202).
struct FeedForwardImpl : torch::nn::Module {
  explicit FeedForwardImpl(const ModelOptions& options);

  void reset(double output_gain);
  void reset_uniform();
  torch::Tensor forward(const torch::Tensor& x) const;  // [B, T, D]

  Activation activation;  // of `up`, where there is no gate
  double dropout;         // after the activation, in training
  Linear up, gate{nullptr}, down;
};
TORCH_MODULE(FeedForward);

/// x + attention(norm(x)), then x + feedforward(norm(x)); with model.residual norm, norm(x) +
/// attention(norm(x)) and norm(x) + feedforward(norm(x)).
struct BlockImpl : torch::nn::Module {
  explicit BlockImpl(const ModelOptions& options);

  Norm attention_norm;
  Attention attention;
  Norm feedforward_norm;
  FeedForward feedforward;
};
TORCH_MODULE(Block);

/// A pre-norm decoder-only transformer. Its parameters' names are the keys of a checkpoint.
struct TransformerImpl : torch::nn::Module {
  /// `vocabulary_size` rows of embeddings.
  TransformerImpl(const ModelOptions& options, int64_t vocabulary_size,
                  std::shared_ptr<PositionScheme> scheme);

  /// Draws all parameters. The scheme's come last and from a seed of their own, so that models with
  /// different schemes begin with the same weights.
  void reset_parameters(uint64_t seed);

  /// tokens [B, T] int64 -> [B, T, D], normalised, times model.logit_scale and of the type of the
  /// products: what the head takes. Everything is computed where the tokens and the parameters are.
  /// `draw` is for schemes that draw their positions (PositionScheme::positions).
  torch::Tensor forward(const torch::Tensor& tokens, uint64_t draw = 0);
  /// The last `rows` of it, [B, rows, D]: of the last layer only they are computed, and the keys
  /// and values of all.
  torch::Tensor forward_last(const torch::Tensor& tokens, int64_t rows, uint64_t draw = 0);
  std::optional<int64_t> max_length() const;
  torch::Device device() const;

  ModelOptions options;
  /// The type in which matrices are multiplied, float32 or bfloat16. Weights, the residual stream,
  /// norms, softmax, positions and losses are float32 (positions float64) either way.
  torch::ScalarType products = torch::kFloat32;
  std::shared_ptr<Embeddings> embeddings;
  Norm embedding_norm{nullptr};  // model.embedding_norm
  std::vector<Block> blocks;
  Norm final_norm;  // empty where there is none
  std::shared_ptr<Head> head;
  std::shared_ptr<PositionScheme> position;

 private:
  struct SublayerInput {
    torch::Tensor residual;  // [B, T, D] float32: what the sublayer's result is added to
    torch::Tensor normed;    // of the type of the products
  };
  SublayerInput sublayer_input(const Norm& norm, const torch::Tensor& stream,
                               const torch::Tensor& branch) const;
};
TORCH_MODULE(Transformer);

/// For a vocabulary of that many tokens. UserError where the options do not fit it.
Transformer make_transformer(const ModelOptions& model, const PositionOptions& position,
                             int64_t vocabulary_size);

/// UserError where such a transformer cannot be made of the options.
void check_vocabulary(const ModelOptions& model, int64_t vocabulary_size);

/// Numbers that are trained.
int64_t parameter_count(const Transformer& model);

}  // namespace lengthwise
