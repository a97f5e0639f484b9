#pragma once

#include <cstdint>

namespace lengthwise {

class OptionSet;
struct SchemeEntry;

struct SandwichOptions {
  int64_t width = 128;

  void declare(OptionSet& options);
};

/// Sandwich, Chi et al. 2023 (2212.10356): of sinusoidal embeddings only what positions say to each
/// other is kept, as a bias on the scaled score of query m and key n:
///   p_m . p_n / c_h = (1 / c_h) sum_{i=0}^{W/2-1} cos((m - n) / 10000^(2i/W)),   c_h = 8 h / H
/// for heads h = 1 ... H. W (the paper's d bar, 128 whatever the model's width) sets the shape; the
/// compression c_h gives the first heads the steepest biases, as ALiBi's exponents do. Nothing is
/// learned. The sum at distance 0, W/2, is subtracted: it is constant in a row, cancels in the
/// softmax, and without it the nearest keys lie where float32 is coarse.
/// The frequencies are those of the sinusoidal embeddings (i from 0), as in attention-gym's port;
/// NVIDIA NeMo counts i from 1 to W/2 and takes the head width for W.
/// An odd width leaves the last sine without its cosine: UserError.
extern const SchemeEntry kSandwich;

}  // namespace lengthwise
