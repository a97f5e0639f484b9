#pragma once

#include <memory>

#include "base/torch.h"

namespace lengthwise {

class Embeddings;
struct ModelOptions;

/// Tokens out: what model.head names. All take hidden [N, D], multiply in its type, and never hold
/// the logits [N, V]. Targets [N] int64 may be on the CPU: which of them are scored is then known
/// without waiting for the device.
class Head : public torch::nn::Module {
 public:
  /// Draws the parameters that are its own from LibTorch's generator.
  virtual void reset_parameters(const ModelOptions& options) = 0;
  /// Mean negative log-likelihood in nats, with gradients to hidden and to the parameters. Rows
  /// with a target of -1 are not scored and not counted; one row at least is.
  virtual torch::Tensor mean_nats(const torch::Tensor& hidden,
                                  const torch::Tensor& targets) const = 0;
  /// Negative log-likelihood of each target in nats, [N] float32. No gradients.
  virtual torch::Tensor token_nats(const torch::Tensor& hidden,
                                   const torch::Tensor& targets) const = 0;
  /// The most likely token of each row, [N] int64; of equal ones the first. No gradients.
  virtual torch::Tensor likeliest_tokens(const torch::Tensor& hidden) const = 0;
};

/// The softmax of hidden times a matrix: one of its own, or that of plain embeddings.
class PlainHead final : public Head {
 public:
  PlainHead(int64_t vocabulary_size, int64_t width);
  explicit PlainHead(const torch::Tensor& tied);

  void reset_parameters(const ModelOptions& options) override;
  torch::Tensor mean_nats(const torch::Tensor& hidden, const torch::Tensor& targets) const override;
  torch::Tensor token_nats(const torch::Tensor& hidden,
                           const torch::Tensor& targets) const override;
  torch::Tensor likeliest_tokens(const torch::Tensor& hidden) const override;

  torch::Tensor weight;  // [V, D]

 private:
  bool is_tied_;
};

/// The one that model.head names, tied to the embeddings as the options say. UserError where the
/// vocabulary cannot have it.
std::shared_ptr<Head> make_head(const ModelOptions& options, int64_t vocabulary_size,
                                const Embeddings& embeddings);

}  // namespace lengthwise
