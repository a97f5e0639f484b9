#pragma once

#include "base/torch.h"

namespace lengthwise {

/// The softmax of hidden [N, D] times a matrix [V, D] float32, of which heads are made (head.h).
/// All multiply in the type of hidden, walk over chunks of rows, and never hold the logits [N, V].
/// Targets [N] int64 may be on the CPU: which of them are scored is then known without waiting for
/// the device.

/// Mean negative log-likelihood in nats, with gradients to hidden and head; a chunk's gradient is
/// made while its logits are there, so backward has only to scale. Rows with a target of -1 are not
/// scored and not counted; one row at least is.
torch::Tensor mean_nats(const torch::Tensor& hidden, const torch::Tensor& head,
                        const torch::Tensor& targets);

/// Negative log-likelihood of each target in nats, [N] float32. No gradients.
torch::Tensor token_nats(const torch::Tensor& hidden, const torch::Tensor& head,
                         const torch::Tensor& targets);

struct Likeliest {
  torch::Tensor tokens;           // [N] int64
  torch::Tensor log_likelihoods;  // [N] float32, in nats: of these
  torch::Tensor others;           // [N, O] float32, in nats: of what is no token
};

/// The most likely token of each row; of equal ones the first. `others` [O, D], where it is
/// defined, stands below the matrix in the softmax, and is never chosen. No gradients.
Likeliest likeliest_tokens(const torch::Tensor& hidden, const torch::Tensor& head,
                           const torch::Tensor& others = {});

}  // namespace lengthwise
