#pragma once

#include "contract/attended.h"

namespace lengthwise {

/// What a layer's attention takes, forward and backward.
struct AttentionCost {
  double seconds, plain_seconds;  // medians; plain: causal attention with nothing added
  int64_t bytes, plain_bytes;     // of tensors held at once beyond the inputs
};

/// Measured over `rounds` steps of each, in turns, after one of each that is not counted. rounds 0:
/// bytes alone.
AttentionCost attention_cost(const PositionScheme& scheme, const ModelShape& shape, int64_t length,
                             int rounds);

}  // namespace lengthwise
