#include "position/rotary_masks.h"

#include <cmath>
#include <numbers>

#include "base/options.h"
#include "position/options.h"
#include "position/rotary.h"
#include "position/scheme.h"
#include "position/scheme_entry.h"

namespace lengthwise {
namespace {

using torch::Tensor;

std::shared_ptr<PositionScheme> make_rotary_p(const PositionOptions& options,
                                              const ModelShape& shape) {
  auto frequencies = plain_frequencies(options, shape);
  const auto pairs = static_cast<double>(frequencies.size(0));
  // A part written in decimals may come out a rounding below a whole number of pairs.
  const auto kept =
      static_cast<int64_t>(std::floor(options.group<RotaryPOptions>().kept * pairs + 1e-9));
  frequencies.slice(0, kept).zero_();
  return make_rotary_with(options, frequencies);
}

std::shared_ptr<PositionScheme> make_rotary_clipped(const PositionOptions& options,
                                                    const ModelShape& shape) {
  const RotaryClippedOptions& clipped = options.group<RotaryClippedOptions>();
  auto frequencies = plain_frequencies(options, shape);
  const int64_t pairs = frequencies.size(0);
  const auto count = std::llround(clipped.fraction * static_cast<double>(pairs));
  auto slowest = frequencies.slice(0, pairs - count);
  if (clipped.hard) {
    slowest.zero_();
  } else if (count > 0) {
    const auto phi = torch::linspace(0, std::numbers::pi, count, torch::kFloat64);
    // Of a single one the slowest is meant.
    slowest.mul_(count == 1 ? torch::zeros({1}, torch::kFloat64) : (1 + phi.cos()) / 2);
  }
  return make_rotary_with(options, frequencies);
}

std::shared_ptr<PositionScheme> make_rotary_resonance(const PositionOptions& options,
                                                      const ModelShape& shape) {
  const auto wavelengths = 2 * std::numbers::pi / plain_frequencies(options, shape);
  return make_rotary_with(options, 2 * std::numbers::pi / wavelengths.round());
}

}  // namespace

constinit const SchemeEntry kRotaryP{
    .name = "rotary_p",
    .aliases = {"p_rope", "prope", "proportional"},
    .summary = "rotary on the fastest pairs, the others not turned",
    .paper = "Barbero et al. 2025, 2410.06205",
    .groups = {make_group<RotaryOptions>, make_group<RotaryPOptions>},
    .family = kRotaryFamily,
    .make = make_rotary_p,
    .validate = validate_rotary,
};

constinit const SchemeEntry kRotaryClipped{
    .name = "rotary_clipped",
    .aliases = {"clipped_rope", "clipped"},
    .summary = "rotary whose slowest pairs fade to a stop",
    .paper = "2602.05258",
    .groups = {make_group<RotaryOptions>, make_group<RotaryClippedOptions>},
    .family = kRotaryFamily,
    .make = make_rotary_clipped,
    .validate = validate_rotary,
};

constinit const SchemeEntry kRotaryResonance{
    .name = "rotary_resonance",
    .aliases = {"resonance", "resonance_rope"},
    .summary = "rotary with wavelengths of whole tokens",
    .paper = "Wang et al. 2024, 2403.00071",
    .groups = {make_group<RotaryOptions>},
    .family = kRotaryFamily,
    .make = make_rotary_resonance,
    .validate = validate_rotary,
};

void RotaryPOptions::declare(OptionSet& options) {
  options.add("position.rotary_p.kept", kept, "rotary_p: p, the part of the pairs that turns",
              Between{0.0, 1.0});
}

void RotaryClippedOptions::declare(OptionSet& options) {
  options.add("position.rotary_clipped.fraction", fraction,
              "rotary_clipped: the part of the pairs that fades, the slowest", Between{0.0, 1.0});
  options.add("position.rotary_clipped.hard", hard,
              "rotary_clipped: that part stands still at once");
}

}  // namespace lengthwise
