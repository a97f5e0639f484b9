#include "position/xpos.h"
#include "fused/turn.h"

#include <cmath>

#include "base/error.h"
#include "base/options.h"
#include "position/options.h"
#include "position/rotary.h"
#include "position/scheme.h"
#include "position/scheme_entry.h"

namespace lengthwise {
namespace {

/// Powers of zeta beyond it, or below its inverse, are not used.
constexpr double kLargestPower = 1e34;

/// ln(1 / zeta) of pair 0, which fades fastest.
double fastest_decay(double gamma) {
  return std::log((1 + gamma) / gamma);
}

/// The longest window: queries and keys stay four decimal places from either end of float32.
int64_t reach(const XposOptions& options) {
  return static_cast<int64_t>(2 * options.scale_base * std::log(kLargestPower) /
                              fastest_decay(options.gamma));
}

class Xpos final : public PositionScheme {
 public:
  Xpos(const RotaryOptions& rotary, const XposOptions& xpos, int64_t head_width)
      : pairing_(rotary.pairing), scale_base_(xpos.scale_base), reach_(reach(xpos)) {
    const int64_t width = rotary_width(rotary, head_width);
    frequencies_ = register_buffer("frequencies", rotary_frequencies(width, rotary.base));
    const auto pairs = torch::arange(width / 2, torch::kFloat64);
    log_zeta_ = register_buffer(
        "log_zeta",
        torch::log((pairs / (static_cast<double>(width) / 2) + xpos.gamma) / (1 + xpos.gamma)));
  }

  std::vector<torch::Tensor> tables(const Positions& positions) const override {
    const double length = positions.reach;
    TORCH_CHECK(length <= static_cast<double>(reach_), "xpos reaches ", reach_, " tokens, not ",
                length);
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

  std::optional<int64_t> max_length() const override { return reach_; }

 private:
  std::string pairing_;
  double scale_base_;
  int64_t reach_;
  torch::Tensor frequencies_, log_zeta_;  // [R/2] float64
};

void validate_xpos(const PositionOptions& options, const ModelShape& shape) {
  validate_rotary(options, shape);
  if (options.group<XposOptions>().gamma == 0) {
    fail("position.xpos.gamma: 0 would make the first pair vanish; it must be positive");
  }
  const XposOptions& xpos = options.group<XposOptions>();
  if (reach(xpos) < shape.train_length) {
    const double least = static_cast<double>(shape.train_length + 1) * fastest_decay(xpos.gamma) /
                         (2 * std::log(kLargestPower));
    fail(
        "position.xpos.scale_base: {} with position.xpos.gamma {} reaches {} tokens before float32 "
        "ends, not the {} of training; at least {}",
        xpos.scale_base, xpos.gamma, reach(xpos), shape.train_length, std::ceil(least));
  }
}

std::shared_ptr<PositionScheme> make_xpos(const PositionOptions& options, const ModelShape& shape) {
  return std::make_shared<Xpos>(options.group<RotaryOptions>(), options.group<XposOptions>(),
                                shape.head_width());
}

}  // namespace

constinit const SchemeEntry kXpos{
    .name = "xpos",
    .aliases = {"x_pos", "xpos_rotary", "length_extrapolatable"},
    .summary = "rotary whose fast pairs fade with distance",
    .paper = "Sun et al. 2022, 2212.10554",
    .length = "scale_base",
    .groups = {make_group<RotaryOptions>, make_group<XposOptions>},
    .make = make_xpos,
    .validate = validate_xpos,
};

void XposOptions::declare(OptionSet& options) {
  options.add("position.xpos.scale_base", scale_base,
              "xpos: pair i fades by zeta_i in this many tokens", AtLeast{1.0});
  options.add("position.xpos.gamma", gamma, "xpos: zeta_0 is gamma / (1 + gamma)", AtLeast{0.0});
}

}  // namespace lengthwise
