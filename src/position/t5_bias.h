#pragma once

#include <cstdint>

#include "base/tensor_fwd.h"

namespace lengthwise {

class OptionSet;
struct SchemeEntry;

struct T5BiasOptions {
  int64_t buckets = 32;
  int64_t max_distance = 128;

  void declare(OptionSet& options);
};

/// T5's relative position bias, Raffel et al. 2020 (1910.10683), section 2.1, in its causal form: a
/// learned number for each bucket of distances and each head is added to the score. All layers
/// share the table `position.table` [buckets, H], drawn from N(0, 1/D) as in the Hugging Face port.
/// T5 leaves the scores without 1/sqrt(K); here they keep it, as under every scheme, so that
/// schemes differ by their bias alone. (x-transformers multiplies the bias by sqrt(K) instead.)
/// UserError unless max_distance lies beyond the buckets of a single distance.
extern const SchemeEntry kT5Bias;

/// The bucket of each distance d >= 0 (float64, any shape; -> int64). All n buckets serve the past
/// (the encoder's form gives half of them to the future). With e = n / 2: d < e has the bucket d;
/// beyond, min(n - 1, e + floor((n - e) ln(d / e) / ln(max_distance / e))). Public code takes these
/// logarithms in float32, where a distance exactly on a boundary may fall below it.
torch::Tensor t5_buckets(const torch::Tensor& distances, int64_t buckets, int64_t max_distance);

}  // namespace lengthwise
