#include "position/rotary.h"

#include "base/error.h"
#include "base/options.h"
#include "position/options.h"
#include "position/registry.h"
#include "position/scheme.h"

namespace lengthwise {
namespace {

/// Turns each pair of planes of x [B, H, T, K] by the angles whose cosines and sines are [T, K/2].
torch::Tensor turn_halves(const torch::Tensor& x, const torch::Tensor& cosines,
                          const torch::Tensor& sines) {
  const auto halves = x.chunk(2, -1);
  return torch::cat({torch::addcmul(halves[0] * cosines, halves[1], sines, -1),
                     torch::addcmul(halves[1] * cosines, halves[0], sines)},
                    -1);
}

torch::Tensor turn_neighbours(const torch::Tensor& x, const torch::Tensor& cosines,
                              const torch::Tensor& sines) {
  const auto pairs = x.unflatten(-1, {-1, 2});  // [B, H, T, K/2, 2]
  const auto even = pairs.select(-1, 0), odd = pairs.select(-1, 1);
  return torch::stack({torch::addcmul(even * cosines, odd, sines, -1),
                       torch::addcmul(odd * cosines, even, sines)},
                      -1)
      .flatten(-2);
}

class Rotary final : public PositionScheme {
 public:
  Rotary(const RotaryOptions& options, int64_t head_width)
      : turn_(options.pairing == "half" ? turn_halves : turn_neighbours),
        frequencies_(rotary_frequencies(head_width, options.base)) {}

  std::vector<torch::Tensor> tables(const Positions& positions) const override {
    const auto angles = torch::outer(positions.values, frequencies_);  // [T, K/2]
    return {angles.cos().to(torch::kFloat32), angles.sin().to(torch::kFloat32)};
  }

  QueriesKeys apply_to_queries_keys(QueriesKeys pair, const LayerContext& context) const override {
    const auto& cosines = context.tables[0];
    const auto& sines = context.tables[1];
    return {turn_(pair.queries, cosines, sines), turn_(pair.keys, cosines, sines)};
  }

 private:
  torch::Tensor (*turn_)(const torch::Tensor&, const torch::Tensor&, const torch::Tensor&);
  torch::Tensor frequencies_;  // [K/2] float64, no buffer: a cast of the model must not round it
};

}  // namespace

void RotaryOptions::declare(OptionSet& options) {
  options.add("position.rotary.base", base, "rotary: the slowest pair turns by 1/base a token",
              AtLeast{1.0});
  options.add("position.rotary.pairing", pairing,
              "rotary: dimensions turned together, half (i, i + K/2) or interleaved (2i, 2i + 1)",
              OneOf{{"half", "interleaved"}});
}

void validate_rotary(const PositionOptions&, const ModelShape& shape) {
  if (shape.head_width() % 2 != 0) {
    fail(
        "model.heads: {} heads of width {} (model.width {}) cannot be rotated in pairs; the head "
        "width must be even",
        shape.heads, shape.head_width(), shape.width);
  }
}

torch::Tensor rotary_frequencies(int64_t head_width, double base) {
  const auto exponents =
      torch::arange(0, head_width, 2, torch::kFloat64) / static_cast<double>(head_width);
  return torch::pow(base, -exponents);
}

std::shared_ptr<PositionScheme> make_rotary(const PositionOptions& options,
                                            const ModelShape& shape) {
  return std::make_shared<Rotary>(options.rotary, shape.head_width());
}

}  // namespace lengthwise
