#pragma once

#include <cstdint>

namespace lengthwise {

class OptionSet;
struct SchemeEntry;

struct SelectiveRotaryOptions {
  double base = 500000;
  int64_t rank = 32;  // of the projection of the input

  void declare(OptionSet& options);
};

/// Selective RoPE (2511.17388): queries and keys turned by angles that the text itself adds up.
/// With x_t [D] the layer's (normalised) input, cut into H slices of which each is brought to
/// length 1,
///   phi_t = convolution over 4 tokens of U V x_t  [H, K/2],
///   angle_t,i = base^(-2i/K) sum_{s <= t} phi_s,i,
/// each pair (i, i + K/2) of a query or key at t turned by angle_t: a score sees the sum over the
/// tokens after the key up to the query, whatever their number. Sums are float64. From the authors'
/// code (timurcarstensen/selective-rope); its added bias and its gate on phi, off there by default,
/// are not here. Positions are not looked at.
///
/// A layer has its own `position.layers.<l>.down` V [rank, D], `up` U [H K/2, rank] and
/// `convolution` [H K/2, 4], the last column at the token itself; each uniform within the root of
/// 1 over what it adds up, as PyTorch has it. Heads must divide the width, and a head's width be
/// even: UserError.
extern const SchemeEntry kSelectiveRotary;

}  // namespace lengthwise
