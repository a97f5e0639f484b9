#pragma once

#include <cstdint>

namespace lengthwise {

class OptionSet;
struct SchemeEntry;

struct FireOptions {
  int64_t width = 32;
  double c = 0.1;
  double threshold = 0.25;  // train lengths
  bool shared = false;

  void declare(OptionSet& options);
};

/// FIRE, Li et al. 2024 (2310.04418): the bias of query i and key j is a learned function of their
/// distance as a part of the query's own position ("progressive interpolation"):
///   b_h(i, j) = f_h(psi(i - j) / psi(max(L, i))),   psi(x) = ln(c x + 1).
/// f is a network with one hidden layer of W ReLUs, from 1 number to H; c > 0 and the threshold
/// L > 0 are learned, as ln c and ln L. The normaliser depends on i, so the bias is no function of
/// the distance alone. i counts from 0, as the paper's listing does.
/// Parameters of each layer, or of one set with position.fire.shared (the paper's FIRE-S; then
/// layer 0), under `position.layers.<layer>.`: log_c [1], log_threshold [1], hidden_weight [W],
/// hidden_bias [W], output_weight [H, W], uniform within 1 / sqrt(inputs) as LibTorch draws linear
/// layers; c and L begin at their options. The paper's L begins at 512 in training at 2048; here it
/// is a part of train_length, a quarter, for a threshold far beyond the window would never move.
/// Elsewhere: the output has a bias (constant in a row, so softmax cancels it and nothing could
/// learn it), c and L are kept positive by absolute values, and the divisor gets 10^-6, which it
/// does not need when L > 0. DAPE's code begins L at half its option.
extern const SchemeEntry kFire;

}  // namespace lengthwise
