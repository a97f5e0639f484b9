#pragma once

#include "base/torch.h"

namespace lengthwise {

struct LossRows {
  torch::Tensor nats;      // [N] float32: of each target
  torch::Tensor gradient;  // [N, P] of the type asked for: (softmax - one-hot) weight
};

/// Cross-entropy of logits [N, P] float32 against targets [N] int64, and the logits' gradient
/// where each row counts `weight`. Only the first V columns are logits; behind them the gradient
/// is 0. May overwrite the logits. No gradients of its own.
///
/// A kernel reads the logits twice, the second time from the cache, and writes the gradient in
/// bfloat16; it takes P that is a multiple of 4. The twin takes P = V alone.
LossRows loss_rows(const torch::Tensor& logits, const torch::Tensor& targets, int64_t vocabulary,
                   double weight, torch::ScalarType type);
LossRows plain_loss_rows(const torch::Tensor& logits, const torch::Tensor& targets,
                         int64_t vocabulary, double weight, torch::ScalarType type);

/// P for a vocabulary of V: a multiple by which products run fast where the kernel computes the
/// loss of bfloat16 products (rows of 33,278 begin at odd addresses), else V.
int64_t padded_vocabulary(const torch::Tensor& hidden, int64_t vocabulary);

}  // namespace lengthwise
