#pragma once

#include <cstdint>

namespace lengthwise {

class OptionSet;
struct SchemeEntry;

struct FourierOptions {
  double base = 10000;
  double gain = 0.3;
  int64_t seed = 0;

  void declare(OptionSet& options);
};

/// Fourier position embedding, FoPE, Hua et al. 2024 (2412.17739): rotary embeddings whose cosines
/// and sines are each a fixed mix of those of all pairs that turn a full circle within the train
/// length. Of theta_i = base^(-2i/K) the m with theta > 2 pi / train_length are kept, and pair n of
/// a query or key (dimensions n and n + K/2) is turned by
///   cos_n = sum_i C_in cos(p theta_i),   sin_n = sum_i S_in sin(p theta_i),   n < m,
/// C and S the identity plus numbers from N(0, gain^2 / m) (Xavier), a head's own and never
/// trained; pairs from m on are not turned. No rotation any more, so that a score depends on where
/// the pair of tokens stands and not on its distance alone.
///
/// As vLLM has it (model_executor/layers/rotary_embedding/fope.py); the authors' code pads with a
/// sine of 1, which doubles what the pairs from m on say and turns nothing. There C and S are
/// drawn when training begins and stored; here they follow from position.fope.seed (SplitMix64
/// and Box-Muller), the same in every layer as there. The head width must be even: UserError.
extern const SchemeEntry kFope;

}  // namespace lengthwise
