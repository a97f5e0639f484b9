#pragma once

#include <cstdint>
#include <memory>

#include "base/tensor_fwd.h"

namespace lengthwise {

class PositionScheme;
struct ModelShape;
struct PositionOptions;

/// Rotary embeddings, Su et al. 2021 (2104.09864), equations 13 to 15: each pair of dimensions of a
/// query or key at position p is turned by the angle p * base^(-2i/K), i = 0 ... K/2-1, so that
/// scores depend on the distance alone. Two pairings are in use, equal but for the order of the
/// rows of the query and key matrices; checkpoints fix one:
///   interleaved: dimensions (2i, 2i + 1), as in the paper, GPT-J and Meta's Llama;
///   half:        dimensions (i, i + K/2), as in GPT-NeoX and the Hugging Face Llama.
std::shared_ptr<PositionScheme> make_rotary(const PositionOptions&, const ModelShape&);
/// An odd head width cannot be cut into pairs: UserError.
void validate_rotary(const PositionOptions&, const ModelShape&);

/// base^(-2i/K), i = 0 ... K/2-1.  -> [K/2] float64.
torch::Tensor rotary_frequencies(int64_t head_width, double base);

}  // namespace lengthwise
