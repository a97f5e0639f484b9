#include "position/polar.h"

#include <numbers>

#include "base/options.h"
#include "position/heads.h"
#include "position/options.h"
#include "position/rotary.h"
#include "position/scheme.h"
#include "position/scheme_entry.h"

namespace lengthwise {
namespace {

using torch::Tensor;

class Pope final : public PositionScheme {
 public:
  Pope(const PolarOptions& options, const ModelShape& shape)
      : frequencies_(register_buffer(
            "frequencies",
            torch::pow(options.base, torch::arange(shape.head_width(), torch::kFloat64) /
                                         -static_cast<double>(shape.head_width())))),
        delta_(register_parameter("delta", torch::zeros({shape.heads, shape.head_width()}))) {}

  void reset_parameters() override {
    const torch::NoGradGuard no_grad;
    delta_.zero_();
  }

  std::vector<Tensor> tables(const Positions& positions) const override {
    return rotary_tables(positions.values, frequencies_);
  }

  QueriesKeys apply_to_queries_keys(QueriesKeys pair, const LayerContext& context) const override {
    const auto &cosines = context.tables[0], &sines = context.tables[1];     // [T, K]
    const auto delta = delta_.clamp(-2 * std::numbers::pi, 0).unsqueeze(1);  // [H, 1, K]
    const auto cosine = delta.cos(), sine = delta.sin();
    const auto lengths = [](const Tensor& x) { return at::softplus(x.to(torch::kFloat32)); };
    const auto queries = lengths(pair.queries);
    const auto keys = lengths(for_each_head(pair.keys, delta_.size(0)));
    const int64_t before = cosines.size(0) - queries.size(2);
    return {torch::cat({queries * cosines.slice(0, before), queries * sines.slice(0, before)}, 3),
            torch::cat({keys * (cosines * cosine - sines * sine),
                        keys * (sines * cosine + cosines * sine)},
                       3)};
  }

 private:
  Tensor frequencies_;  // [K] float64
  Tensor delta_;        // [H, K]
};

std::shared_ptr<PositionScheme> make_pope(const PositionOptions& options, const ModelShape& shape) {
  return std::make_shared<Pope>(options.group<PolarOptions>(), shape);
}

}  // namespace

constinit const SchemeEntry kPope{
    .name = "pope",
    .aliases = {"polar", "polar_embeddings", "polar_coordinate"},
    .summary = "queries and keys as lengths, each dimension at an angle that grows with position",
    .paper = "2509.10534",
    .groups = {make_group<PolarOptions>},
    .learned = true,
    .has_kinks = true,
    .make = make_pope,
};

void PolarOptions::declare(OptionSet& options) {
  options.add("position.pope.base", base,
              "pope: the slowest dimension turns by about 1/base a token", AtLeast{1.0});
}

}  // namespace lengthwise
