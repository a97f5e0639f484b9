#pragma once

namespace lengthwise {

class OptionSet;
struct SchemeEntry;

struct WallOptions {
  double gate = 8;

  void declare(OptionSet& options);
};

/// Wall attention (Tilde 2026; fla-org/flash-linear-attention, layers/wall_attn.py): each channel
/// of a head forgets by gates of its own, inside the product. With x_t [D] the layer's (normalised)
/// input,
///   P_t = sum_{s <= t} ln sigmoid(W x_s + b)  [H, K],
///   logit_ij = 1/sqrt(K) sum_c q_ic k_jc exp(P_ic - P_jc).
/// Sums are float64. exp(-P_j) alone overflows: keys before a block of queries are taken relative
/// to the block's first, where both sides only shrink, and within it by sub-blocks of 16. fla's
/// gate a head beside it, its norms and its output gate are not here.
///
/// A layer has its own `position.layers.<l>.weight` [H K, D], drawn from N(0, 0.02), and
/// `position.layers.<l>.bias` [H K], which begins at position.wall.gate, 8 there: almost nothing is
/// forgotten, and training begins near plain attention, with slopes as small.
extern const SchemeEntry kWall;

}  // namespace lengthwise
