#include "position/fourier.h"

#include <cmath>
#include <numbers>

#include "base/options.h"
#include "base/random.h"
#include "position/head_turn.h"
#include "position/heads.h"
#include "position/options.h"
#include "position/rotary.h"
#include "position/scheme.h"
#include "position/scheme_entry.h"

namespace lengthwise {
namespace {

using torch::Tensor;

/// Sets the draw apart from other uses of the same seed.
constexpr uint64_t kMixStream = 0x666f7065;  // "fope"

/// N(0, 1), one of the two that Box and Muller make.
double normal(SplitMix64& stream) {
  const auto uniform = [&] { return (static_cast<double>(stream.next() >> 11) + 0.5) * 0x1p-53; };
  const double radius = std::sqrt(-2 * std::log(uniform()));
  return radius * std::cos(2 * std::numbers::pi * uniform());
}

/// The identity plus N(0, deviation^2), one matrix a head and kind, cosines' first: [2, H, m, m]
/// float64.
Tensor drawn_mixes(int64_t seed, int64_t heads, int64_t kept, double deviation) {
  SplitMix64 stream = split_stream(static_cast<uint64_t>(seed), kMixStream);
  const int64_t count = 2 * heads * kept * kept;
  std::vector<double> drawn(static_cast<size_t>(count));
  for (double& each : drawn) each = deviation * normal(stream);
  return torch::tensor(drawn, torch::kFloat64).view({2, heads, kept, kept}) +
         torch::eye(kept, torch::kFloat64);
}

class Fope final : public PositionScheme {
 public:
  Fope(const Tensor& frequencies, const Tensor& mixes, int64_t pairs)
      : heads_(mixes.size(1)),
        pairs_(pairs),
        frequencies_(register_buffer("frequencies", frequencies)),
        mixes_(register_buffer("mixes", mixes)) {}

  std::vector<Tensor> tables(const Positions& positions) const override {
    const auto angles = torch::outer(positions.values, frequencies_);  // [T, m]
    const int64_t still = pairs_ - frequencies_.size(0);
    const auto mixed = [&](const Tensor& waves, int64_t kind, double of_still) {
      const auto by_head = torch::matmul(waves, mixes_[kind]);  // [H, T, m]
      return at::constant_pad_nd(by_head, {0, still}, of_still).unsqueeze(0).to(torch::kFloat32);
    };
    return {mixed(angles.cos(), 0, 1), mixed(angles.sin(), 1, 0)};
  }

  QueriesKeys apply_to_queries_keys(QueriesKeys pair, const LayerContext& context) const override {
    const auto &cosines = context.tables[0], &sines = context.tables[1];
    return {turn_each_head(pair.queries, cosines, sines),
            turn_each_head(for_each_head(pair.keys, heads_), cosines, sines)};
  }

 private:
  int64_t heads_, pairs_;
  Tensor frequencies_;  // [m] float64
  Tensor mixes_;        // [2, H, m, m] float64
};

std::shared_ptr<PositionScheme> make_fope(const PositionOptions& options, const ModelShape& shape) {
  const FourierOptions& fope = options.group<FourierOptions>();
  const auto all = rotary_frequencies(shape.head_width(), fope.base);
  const double slowest = 2 * std::numbers::pi / static_cast<double>(shape.train_length);
  const int64_t kept = all.gt(slowest).sum().item<int64_t>();
  const double deviation = fope.gain / std::sqrt(std::max(1.0, static_cast<double>(kept)));
  return std::make_shared<Fope>(all.slice(0, 0, kept),
                                drawn_mixes(fope.seed, shape.heads, kept, deviation), all.size(0));
}

void validate_fope(const PositionOptions&, const ModelShape& shape) {
  check_heads_are_even(shape);
}

}  // namespace

constinit const SchemeEntry kFope{
    .name = "fope",
    .aliases = {"fourier", "fourier_position_embedding"},
    .summary = "rotary by fixed mixes of the pairs that turn a circle within the train length",
    .paper = "Hua et al. 2024, 2412.17739",
    .groups = {make_group<FourierOptions>},
    .relative = false,
    .reads_train_length = true,
    .make = make_fope,
    .validate = validate_fope,
};

void FourierOptions::declare(OptionSet& options) {
  options
      .add("position.fope.base", base, "fope: the slowest pair turns by 1/base a token",
           AtLeast{1.0})
      .as(OptionRole::weights);
  options.add("position.fope.gain", gain, "fope: how much of other pairs is mixed in", AtLeast{0.0})
      .as(OptionRole::weights);
  options.add("position.fope.seed", seed, "fope: what the mixes are drawn from", AtLeast{0})
      .as(OptionRole::weights);
}

}  // namespace lengthwise
