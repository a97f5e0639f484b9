#pragma once

#include <memory>

#include "base/torch.h"

namespace lengthwise {

struct ModelOptions;

/// Tokens in: what model.embeddings names.
class Embeddings : public torch::nn::Module {
 public:
  /// Draws the parameters from LibTorch's generator.
  virtual void reset_parameters(const ModelOptions& options) = 0;
  /// tokens [B, T] int64 -> [B, T, D] float32; products, where there are any, are of `type`.
  virtual torch::Tensor forward(const torch::Tensor& tokens, torch::ScalarType type) const = 0;
};

/// A row of a matrix a token.
class PlainEmbeddings final : public Embeddings {
 public:
  PlainEmbeddings(int64_t vocabulary_size, int64_t width);

  void reset_parameters(const ModelOptions& options) override;
  torch::Tensor forward(const torch::Tensor& tokens, torch::ScalarType type) const override;

  torch::Tensor weight;  // [V, D]
};

/// Those that model.embeddings names. UserError where the vocabulary cannot have them.
std::shared_ptr<Embeddings> make_embeddings(const ModelOptions& options, int64_t vocabulary_size);

}  // namespace lengthwise
