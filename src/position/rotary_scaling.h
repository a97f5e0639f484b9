#pragma once

#include <cstdint>
#include <string>

namespace lengthwise {

class OptionSet;
struct SchemeEntry;

struct RotaryInterpolatedOptions {
  double factor = 8;

  void declare(OptionSet& options);
};

struct RotaryNtkOptions {
  double factor = 8;

  void declare(OptionSet& options);
};

struct RotaryDynamicNtkOptions {
  double factor = 1;
  int64_t original_length = 0;  // 0: train_length

  void declare(OptionSet& options);
};

struct RotaryYarnOptions {
  double factor = 8;
  int64_t original_length = 0;  // 0: train_length
  double beta_fast = 32;        // turns within the original length
  double beta_slow = 1;
  std::string ramp = "rotations";  // or "dimensions", "dimensions_truncated"
  double attention_factor = 0;     // 0: 0.1 ln factor + 1

  void declare(OptionSet& options);
};

struct RotaryLongropeOptions {
  std::string factors;  // a file
  double factor = 8;
  int64_t original_length = 0;  // 0: train_length
  double attention_factor = 0;  // 0: sqrt(1 + ln factor / ln original_length)

  void declare(OptionSet& options);
};

struct RotaryLlama3Options {
  double factor = 8;
  int64_t original_length = 0;      // 0: train_length
  double low_frequency_factor = 1;  // turns within the original length
  double high_frequency_factor = 4;

  void declare(OptionSet& options);
};

// Rotary embeddings stretched beyond the length they were trained at. Each changes the frequencies
// theta_i = base^(-2i/R), i = 0 ... R/2-1, of position/rotary.h; some multiply q and k by a factor.
// Base, pairing and fraction are position.rotary's. s is the option `factor`, by which the context
// is meant to grow. The original length L is `original_length`, or train_length where that is 0.
// T is the length of the window at hand, its last position + 1: frequencies that depend on it are
// made anew for each window and from nothing else.
//
// A factor on q and k reaches all K dimensions, so that every logit gains its square. Public code
// multiplies cosines and sines, which with a fraction < 1 leaves the logits' other part as it was.

/// Position interpolation, Chen et al. 2023 (2306.15595), equation 4: positions p / s, at every
/// length; theta_i / s is the same angle.
extern const SchemeEntry kRotaryInterpolated;

/// NTK-aware, as in Peng et al. 2023 (2309.00071), section 3.1: base s^(R/(R-2)) in place of base,
/// at every length. The fastest pair keeps its frequency, the slowest gets 1/s of it.
/// R = 2 has no such base: UserError.
extern const SchemeEntry kRotaryNtk;

/// Dynamic NTK (2309.00071, section 3.3): the base of rotary_ntk with max(1, T/L) in place of s, so
/// up to L it is plain rotary. With s > 1 the form of Hugging Face and others, s T/L - (s - 1); s =
/// 1, the default, is the paper's. The public implementations that keep the tables of the longest
/// text seen answer by the order of the texts; here T alone decides.
/// R = 2 has no such base: UserError.
extern const SchemeEntry kRotaryDynamicNtk;

/// YaRN, Peng et al. 2023 (2309.00071), sections 3.2 and 3.4, at every length:
///   theta_i (g_i + (1 - g_i)/s),   q and k times m = 0.1 ln s + 1,
/// where g_i, the part of the frequency that stays, rises from 0 for pairs that turn beta_slow
/// times within L or less to 1 for those that turn beta_fast times or more. `ramp` says how:
///   rotations:            linear in the number of turns r_i = L theta_i / (2 pi), as the paper
///                         defines it: clamp((r_i - beta_slow)/(beta_fast - beta_slow), 0, 1);
///   dimensions:           linear in i, between i(b) = R ln(L/(2 pi b))/(2 ln base) at
///                         b = beta_fast and at b = beta_slow, kept within [0, R-1], the last
///                         0.001 beyond the first where they meet: gpt-oss;
///   dimensions_truncated: these two ends rounded outwards first, floor and ceil: the authors' own
///                         code, Hugging Face, llama.cpp, DeepSeek.
/// m is `attention_factor` where that is not 0. The authors multiply cosines and sines by m, as
/// here, so logits gain m^2; DeepSeek's is a ratio of two such terms, usually 1. With the paper's
/// beta_fast = 32 no pair stays whole unless L is at least 202: short training lengths want less.
/// Wants beta_fast > beta_slow, and for a ramp by dimensions a base above 1: UserError.
extern const SchemeEntry kRotaryYarn;

/// LongRoPE, Ding et al. 2024 (2402.13753), section 3: theta_i / lambda_i with factors found by
/// search, the short list for T <= L and the long one beyond, from the file `factors`
/// (position/longrope_factors.h). q and k times sqrt(1 + ln s / ln L) at every length, as in the
/// authors' code and Phi-3 (the paper has no such factor), or times `attention_factor` where that
/// is not 0. The paper's first tokens without interpolation are left out, as in Phi-3.
/// A file that is missing or has not R/2 factors a list, or an L of 1 with its logarithm of 0:
/// UserError.
extern const SchemeEntry kRotaryLongrope;

/// The scaling of Llama 3.1: YaRN's frequencies with the ramp by rotations between
/// low_frequency_factor (1) and high_frequency_factor (4) turns within L, without a factor on q and
/// k, at every length. From Meta's released code; the report, Dubey et al. 2024 (2407.21783), tells
/// of the longer context (section 3.4.2) and of base 500,000 alone.
/// Wants high_frequency_factor > low_frequency_factor: UserError.
extern const SchemeEntry kRotaryLlama3;

}  // namespace lengthwise
