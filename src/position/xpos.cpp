#include "position/xpos.h"

#include <cmath>

#include "base/error.h"
#include "base/options.h"
#include "position/options.h"
#include "position/registry.h"
#include "position/rotary.h"
#include "position/scheme.h"

namespace lengthwise {
namespace {

/// Powers of zeta beyond it, or below its inverse, are not used.
constexpr double kLargestPower = 1e34;

class Xpos final : public PositionScheme {
 public:
  Xpos(const RotaryOptions& rotary, const XposOptions& xpos, int64_t head_width)
      : pairing_(rotary.pairing), scale_base_(xpos.scale_base), gamma_(xpos.gamma) {
    const int64_t width = rotary_width(rotary, head_width);
    frequencies_ = rotary_frequencies(width, rotary.base);
    const auto pairs = torch::arange(width / 2, torch::kFloat64);
    log_zeta_ = torch::log((pairs / (static_cast<double>(width) / 2) + gamma_) / (1 + gamma_));
  }

  std::vector<torch::Tensor> tables(const Positions& positions) const override {
    const double length = positions.values.max().item<double>() + 1;
    TORCH_CHECK(length <= static_cast<double>(*max_length()), "xpos reaches ", *max_length(),
                " tokens, not ", length);
    const auto angles = torch::outer(positions.values, frequencies_);  // [T, R/2]
    const auto powers = torch::outer((positions.values - length / 2) / scale_base_, log_zeta_);
    const auto fade = powers.exp(), rise = (-powers).exp();
    const auto cosines = angles.cos(), sines = angles.sin();
    return {(cosines * fade).to(torch::kFloat32), (sines * fade).to(torch::kFloat32),
            (cosines * rise).to(torch::kFloat32), (sines * rise).to(torch::kFloat32)};
  }

  QueriesKeys apply_to_queries_keys(QueriesKeys pair, const LayerContext& context) const override {
    const auto& tables = context.tables;
    return {turn_pairs(pair.queries, tables[0], tables[1], pairing_),
            turn_pairs(pair.keys, tables[2], tables[3], pairing_)};
  }

  /// Queries and keys stay four decimal places from either end of float32.
  std::optional<int64_t> max_length() const override {
    const double fastest_decay = std::log((1 + gamma_) / gamma_);  // of pair 0
    return static_cast<int64_t>(2 * scale_base_ * std::log(kLargestPower) / fastest_decay);
  }

 private:
  std::string pairing_;
  double scale_base_, gamma_;
  torch::Tensor frequencies_, log_zeta_;  // [R/2] float64
};

}  // namespace

void XposOptions::declare(OptionSet& options) {
  options.add("position.xpos.scale_base", scale_base,
              "xpos: pair i fades by zeta_i in this many tokens", AtLeast{1.0});
  options.add("position.xpos.gamma", gamma, "xpos: zeta_0 is gamma / (1 + gamma)", AtLeast{0.0});
}

void validate_xpos(const PositionOptions& options, const ModelShape& shape) {
  validate_rotary(options, shape);
  if (options.xpos.gamma == 0) {
    fail("position.xpos.gamma: 0 would make the first pair vanish; it must be positive");
  }
}

std::shared_ptr<PositionScheme> make_xpos(const PositionOptions& options, const ModelShape& shape) {
  return std::make_shared<Xpos>(options.rotary, options.xpos, shape.head_width());
}

}  // namespace lengthwise
