#pragma once

#include <cstdint>
#include <string>

namespace lengthwise {

class OptionSet;
struct ModelShape;

struct SinusoidalOptions {
  double base = 10000;  // wavelengths reach from 2 pi to 2 pi base

  void declare(OptionSet& options);
};

struct RotaryOptions {
  double base = 10000;
  std::string pairing = "half";  // dimensions (i, i + R/2); or "interleaved": (2i, 2i + 1)
  double fraction = 1;           // of a head's dimensions: R of K are turned

  void declare(OptionSet& options);
};

struct AlibiOptions {
  double bias_max = 8;  // the smallest slope is 2^-bias_max

  void declare(OptionSet& options);
};

struct RandomizedOptions {
  std::string scheme = "rotary";
  int64_t range = 2048;  // as in the paper

  void declare(OptionSet& options);
};

struct T5BiasOptions {
  int64_t buckets = 32;
  int64_t max_distance = 128;

  void declare(OptionSet& options);
};

struct SandwichOptions {
  int64_t width = 128;

  void declare(OptionSet& options);
};

struct FireOptions {
  int64_t width = 32;
  double c = 0.1;
  double threshold = 0.25;  // train lengths
  bool shared = false;

  void declare(OptionSet& options);
};

struct CopeOptions {
  int64_t max_positions = 64;  // vectors a layer

  void declare(OptionSet& options);
};

struct DapeOptions {
  std::string bias = "alibi";  // or none, kerple_log, fire
  int64_t width = 32;

  void declare(OptionSet& options);
};

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

struct XposOptions {
  double scale_base = 512;  // tokens
  double gamma = 0.4;

  void declare(OptionSet& options);
};

/// [position]: the scheme, and a group of options for each scheme that has knobs. Each group is
/// declared in its scheme's own file.
struct PositionOptions {
  std::string scheme = "alibi";
  SinusoidalOptions sinusoidal;
  RotaryOptions rotary;
  RotaryInterpolatedOptions rotary_interpolated;
  RotaryNtkOptions rotary_ntk;
  RotaryDynamicNtkOptions rotary_dynamic_ntk;
  RotaryYarnOptions rotary_yarn;
  RotaryLongropeOptions rotary_longrope;
  RotaryLlama3Options rotary_llama3;
  XposOptions xpos;
  AlibiOptions alibi;
  RandomizedOptions randomized;
  T5BiasOptions t5_bias;
  SandwichOptions sandwich;
  FireOptions fire;
  CopeOptions cope;
  DapeOptions dape;

  void declare(OptionSet& options);
  /// UserError where the scheme cannot stand in a model of this shape.
  void validate(const ModelShape& shape) const;
};

}  // namespace lengthwise
