#pragma once

#include <cstdint>

namespace lengthwise {

class OptionSet;
struct SchemeEntry;

struct PathOptions {
  int64_t rank = 32;  // of the projection that gives directions

  void declare(OptionSet& options);
};

/// PaTH attention, Yang et al. 2025 (2505.16381): between a key and a query stands a product of
/// reflections, one a token, that the text itself chooses. With x_s [D] the layer's (normalised)
/// input,
///   H_s = I - beta_s w_s w_s',   beta_s = 2 sigmoid(c x_s + b),
///   w_s = silu(convolution over 3 tokens of U V x_s), brought to length 1,
///   logit_ij = q_i' H_i H_{i-1} ... H_{j+1} k_j / sqrt(K).
/// As fla has it (fla-org/flash-linear-attention, layers/path_attn.py), but that each head of
/// queries has its own w and beta where keys are shared by heads, and all are of low rank.
///
/// Computed in float32 by chunks (householder.h): forward and backward stay under 1 GiB at 16,384
/// tokens, 8 heads of 32; time is some times that of a bias by pair.
///
/// A layer has its own `position.layers.<l>.down` V [rank, D] and `up` U [H K, rank], drawn from
/// N(0, 1 / what it adds up), `convolution` [H K, 3] uniform within 1/sqrt(3), the last column at
/// the token itself, `strength_weight` c [H, D] drawn from N(0, 0.02) and `strength_bias` b [H],
/// which begins at 0 (beta at 1: a projection). Beginnings are this program's.
extern const SchemeEntry kPath;

/// PaTH with the Forgetting Transformer's gates beside it (forgetting.h): c_i - c_j is added to the
/// logits, after 1/sqrt(K) as the Forgetting Transformer has it; fla's code scales the gates too,
/// which makes them weaker. Its gates are `position.layers.<l>.gate_weight` and `gate_bias`.
extern const SchemeEntry kPathFox;

}  // namespace lengthwise
