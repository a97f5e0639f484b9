#pragma once

namespace lengthwise {

class OptionSet;
struct SchemeEntry;

struct PolarOptions {
  double base = 10000;

  void declare(OptionSet& options);
};

/// Polar coordinate position embeddings, PoPE (2509.10534): what a dimension says is a length, and
/// where it stands an angle, of each of the K dimensions its own,
///   mu = softplus(x) of queries and keys,   theta_c = base^(-c/K),  c = 0 ... K-1,
///   logit_ij = 1/sqrt(K) sum_c mu(q_ic) mu(k_jc) cos((p_i - p_j) theta_c - delta_c).
/// Handed to attention as vectors of 2K numbers, mu cos and mu sin of p theta for queries and of
/// p theta + delta for keys; values stay K wide, and the fused kernels then work on zeros beside
/// them. The rule is that of x-transformers (PolarEmbedding); the authors' own code was not read.
///
/// `position.delta` [H, K], one set for all layers as there, begins at 0 and is clamped to
/// [-2 pi, 0], past which it has no gradient.
extern const SchemeEntry kPope;

}  // namespace lengthwise
