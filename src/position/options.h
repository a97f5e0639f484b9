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
  std::string pairing = "half";  // dimensions (i, i + K/2); or "interleaved": (2i, 2i + 1)

  void declare(OptionSet& options);
};

/// [position]: the scheme, and a group of options for each scheme that has knobs. Each group is
/// declared in its scheme's own file.
struct PositionOptions {
  std::string scheme = "alibi";
  SinusoidalOptions sinusoidal;
  RotaryOptions rotary;

  void declare(OptionSet& options);
  /// UserError where the scheme cannot stand in a model of this shape.
  void validate(const ModelShape& shape) const;
};

}  // namespace lengthwise
