#pragma once

namespace lengthwise {

class OptionSet;
struct SchemeEntry;

// Rotary embeddings (rotary.h) with other frequencies theta_i = base^(-2i/R), i = 0 ... R/2-1: slow
// pairs are what a window beyond the train length turns to angles never seen.

struct RotaryPOptions {
  double kept = 0.75;

  void declare(OptionSet& options);
};

struct RotaryClippedOptions {
  double fraction = 0.3125;  // 20 of 64 pairs, as published
  bool hard = false;

  void declare(OptionSet& options);
};

/// p-RoPE, Barbero et al. 2025 (2410.06205): the first floor(p R/2) pairs turn as they did, the
/// others not at all. The exponents stay those of all R dimensions, which is what sets it apart
/// from position.rotary.fraction, where the pairs turned are spaced anew. The paper has p = 0.25
/// and 0.75.
extern const SchemeEntry kRotaryP;

/// Clipped RoPE, called CoPE by its authors (2602.05258): of the slowest `fraction` of the pairs,
/// the frequency is multiplied by (1 + cos phi)/2, phi evenly spaced from 0 for the fastest of them
/// to pi for the slowest, which stands still; `hard`: they all stand still. Rounded to whole pairs.
extern const SchemeEntry kRotaryClipped;

/// Resonance RoPE, Wang et al. 2024 (2403.00071): each wavelength 2 pi / theta_i rounded to a whole
/// number of tokens, so that what a pair says repeats exactly.
extern const SchemeEntry kRotaryResonance;

}  // namespace lengthwise
