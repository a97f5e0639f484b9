#pragma once

#include "position/bias.h"

namespace lengthwise {

/// q_i' H_i H_{i-1} ... H_{j+1} k_j with H_s = I - beta_s w_s w_s', without a step a pair: keys and
/// w [B, H, T, K], w of length 1 or 0, beta [B, H, T], float32.
///
/// Over a chunk of n tokens a product of H is I - W' S W, S = (I + diag(beta) tril(W W', -1))^-1
/// diag(beta) (Yang et al. 2025, 2505.16381, section 3): made once a layer for each chunk, with the
/// keys as they stand at its end. A block of queries then walks back over the chunks before it, a
/// product with a K x K matrix each, and meets all keys in one product. n is 32 for heads of up
/// to 32 and 64 for wider ones; what is held beside the block grows with T (4 K + n + K^2 / n) a
/// head.
PairProduct householder_product(const torch::Tensor& keys, const torch::Tensor& w,
                                const torch::Tensor& beta);

}  // namespace lengthwise
