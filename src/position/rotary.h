#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/tensor_fwd.h"

namespace lengthwise {

class OptionSet;
class PositionScheme;
struct ModelShape;
struct PositionOptions;
struct SchemeEntry;

struct RotaryOptions {
  double base = 10000;
  std::string pairing = "half";  // dimensions (i, i + R/2); or "interleaved": (2i, 2i + 1)
  double fraction = 1;           // of a head's dimensions: R of K are turned

  void declare(OptionSet& options);
};

/// Rotary embeddings, Su et al. 2021 (2104.09864), equations 13 to 15: each pair of dimensions of a
/// query or key at position p is turned by the angle p * base^(-2i/K), i = 0 ... K/2-1, so that
/// scores depend on the distance alone. Two pairings are in use, equal but for the order of the
/// rows of the query and key matrices; checkpoints fix one:
///   interleaved: dimensions (2i, 2i + 1), as in the paper, GPT-J and Meta's Llama;
///   half:        dimensions (i, i + K/2), as in GPT-NeoX and the Hugging Face Llama.
///
/// With a fraction f < 1 only the first R = f K dimensions of a head are turned, by
/// base^(-2i/R), and the others pass as they are: GPT-J, GPT-NeoX, Phi. Those round f K down; here
/// it must come out whole and even. Wherever a width appears in a formula of the rotary family
/// (the growth of the base, ramps, decays) it is R.
/// The dimensions turned must be an even whole number of at least 2: UserError.
extern const SchemeEntry kRotary;

// What the schemes that turn queries and keys share; all take position.rotary.*.

/// The family of rotary and of what stretches it.
inline constexpr std::string_view kRotaryFamily = "rotary";

/// UserError unless whole heads can be cut into pairs.
void check_heads_are_even(const ModelShape& shape);
/// UserError unless the dimensions turned are an even whole number of at least 2.
void validate_rotary(const PositionOptions& options, const ModelShape& shape);

/// R, the dimensions of a head that are turned.
int64_t rotary_width(const RotaryOptions& options, int64_t head_width);

/// -2i/R, i = 0 ... R/2-1.  -> [R/2] float64.
torch::Tensor rotary_exponents(int64_t width);

/// base to these exponents.  -> [R/2] float64.
torch::Tensor rotary_frequencies(int64_t width, double base);

/// Those of position.rotary in a model of this shape.
torch::Tensor plain_frequencies(const PositionOptions& options, const ModelShape& shape);

/// The scheme that turns pairs by these frequencies [R/2] float64, whatever the length.
std::shared_ptr<PositionScheme> make_rotary_with(const PositionOptions& options,
                                                 const torch::Tensor& frequencies);

/// Cosines and sines of position times frequency, both times `factor`: positions [T] and
/// frequencies [R/2] float64 -> 2 x [T, R/2] float32, as turn_pairs (fused/turn.h) takes them.
std::vector<torch::Tensor> rotary_tables(const torch::Tensor& positions,
                                         const torch::Tensor& frequencies, double factor = 1);

}  // namespace lengthwise
