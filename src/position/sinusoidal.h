#pragma once

#include <cstdint>

#include "base/tensor_fwd.h"

namespace lengthwise {

class OptionSet;
struct SchemeEntry;

struct SinusoidalOptions {
  double base = 10000;  // wavelengths reach from 2 pi to 2 pi base

  void declare(OptionSet& options);
};

/// Fixed sines and cosines added to the embeddings. Vaswani et al. 2017 (1706.03762), section 3.5:
///   PE(p, 2i) = sin(p / base^(2i/D)),   PE(p, 2i+1) = cos(p / base^(2i/D)).
/// Sine and cosine lie next to each other as printed there; fairseq puts all sines first and
/// divides by D/2 - 1, which is another set of wavelengths.
/// An odd width leaves the last sine without its cosine: UserError.
extern const SchemeEntry kSinusoidal;

/// positions [T] float64 -> [T, width] float32.
torch::Tensor sinusoidal_embeddings(const torch::Tensor& positions, int64_t width, double base);

}  // namespace lengthwise
