#include "position/rotary.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "base/options.h"
#include "fused/turn.h"
#include "position/options.h"
#include "position/scheme.h"
#include "position/scheme_entry.h"

namespace lengthwise {
namespace {

class Rotary final : public PositionScheme {
 public:
  Rotary(const std::string& pairing, const torch::Tensor& frequencies)
      : pairing_(pairing), frequencies_(register_buffer("frequencies", frequencies)) {}

  std::vector<torch::Tensor> tables(const Positions& positions) const override {
    return rotary_tables(positions.values, frequencies_);
  }

  QueriesKeys apply_to_queries_keys(QueriesKeys pair, const LayerContext& context) const override {
    const auto& cosines = context.tables[0];
    const auto& sines = context.tables[1];
    return {turn_pairs(pair.queries, cosines, sines, pairing_),
            turn_pairs(pair.keys, cosines, sines, pairing_)};
  }

 private:
  std::string pairing_;
  torch::Tensor frequencies_;  // [R/2] float64
};

std::shared_ptr<PositionScheme> make_rotary(const PositionOptions& options,
                                            const ModelShape& shape) {
  return make_rotary_with(options, plain_frequencies(options, shape));
}

}  // namespace

constinit const SchemeEntry kRotary{
    .name = "rotary",
    .aliases = {"rope", "roformer", "rotary_embeddings"},
    .summary = "queries and keys rotated by angles that grow with position",
    .paper = "Su et al. 2021, 2104.09864",
    .groups = {make_group<RotaryOptions>},
    .family = kRotaryFamily,
    .make = make_rotary,
    .validate = validate_rotary,
};

void RotaryOptions::declare(OptionSet& options) {
  options.add("position.rotary.base", base, "rotary: the slowest pair turns by 1/base a token",
              AtLeast{1.0});
  options.add("position.rotary.pairing", pairing,
              "rotary: dimensions turned together, half (i, i + K/2) or interleaved (2i, 2i + 1)",
              OneOf{{"half", "interleaved"}});
  options.add("position.rotary.fraction", fraction,
              "rotary: part of each head that is turned, its first dimensions", Between{0.0, 1.0});
}

void check_heads_are_even(const ModelShape& shape) {
  if (shape.head_width() % 2 == 0) return;
  fail(
      "model.heads: {} heads of width {} (model.width {}) cannot be rotated in pairs; the head "
      "width must be even",
      shape.heads, shape.head_width(), shape.width);
}

void validate_rotary(const PositionOptions& options, const ModelShape& shape) {
  const int64_t head_width = shape.head_width();
  const double fraction = options.group<RotaryOptions>().fraction;
  if (fraction == 1) check_heads_are_even(shape);
  const double asked = fraction * static_cast<double>(head_width);
  const int64_t width = rotary_width(options.group<RotaryOptions>(), head_width);
  // A thousandth of a dimension is the rounding of a fraction typed by hand, as 0.3333.
  if (width >= 2 && width % 2 == 0 && std::abs(asked - static_cast<double>(width)) < 1e-3) return;
  const double nearest = std::max(2.0, 2 * std::round(asked / 2));
  fail(
      "position.rotary.fraction: {} of a head of width {} is {} dimensions; those turned must be "
      "an even number of at least 2, as with {}",
      fraction, head_width, asked, nearest / static_cast<double>(head_width));
}

int64_t rotary_width(const RotaryOptions& options, int64_t head_width) {
  return std::llround(options.fraction * static_cast<double>(head_width));
}

torch::Tensor rotary_exponents(int64_t width) {
  return -(torch::arange(0, width, 2, torch::kFloat64) / static_cast<double>(width));
}

torch::Tensor rotary_frequencies(int64_t width, double base) {
  return torch::pow(base, rotary_exponents(width));
}

torch::Tensor plain_frequencies(const PositionOptions& options, const ModelShape& shape) {
  const RotaryOptions& rotary = options.group<RotaryOptions>();
  return rotary_frequencies(rotary_width(rotary, shape.head_width()), rotary.base);
}

std::shared_ptr<PositionScheme> make_rotary_with(const PositionOptions& options,
                                                 const torch::Tensor& frequencies) {
  return std::make_shared<Rotary>(options.group<RotaryOptions>().pairing, frequencies);
}

std::vector<torch::Tensor> rotary_tables(const torch::Tensor& positions,
                                         const torch::Tensor& frequencies, double factor) {
  const auto angles = torch::outer(positions, frequencies);  // [T, R/2]
  return {(angles.cos() * factor).to(torch::kFloat32), (angles.sin() * factor).to(torch::kFloat32)};
}

}  // namespace lengthwise
