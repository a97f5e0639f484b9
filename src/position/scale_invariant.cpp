#include "position/scale_invariant.h"

#include "base/options.h"
#include "position/options.h"
#include "position/scheme.h"
#include "position/scheme_entry.h"

namespace lengthwise {
namespace {

using torch::Tensor;

/// 2 ln(1 + t/tau) of a block's pairs, 0 where the key lies ahead.  -> [Q, C] float32
Tensor logarithms(const Tensor& positions, const LogitBlock& block, double tau) {
  const auto queries = positions.index_select(0, block.query_index).unsqueeze(1);
  const auto distances = (queries - positions.index_select(0, block.key_index)).clamp_min(0);
  return (2 * torch::log1p(distances / tau)).to(torch::kFloat32);
}

class ScaleInvariant final : public PositionScheme {
 public:
  explicit ScaleInvariant(double tau) : tau_(tau) {}

  AttentionBias attention_bias(const LayerContext& context) const override {
    const auto change = [tau = tau_, positions = context.positions.values](
                            const Tensor& logits, const Tensor&, const LogitBlock& block,
                            at::TensorList) {
      const auto logs = logarithms(positions, block, tau);
      return logits * (logs + 1).sqrt() - logs;
    };
    return LogitChange{{}, change, /*floats_per_logit=*/4};
  }

 private:
  double tau_;
};

std::shared_ptr<PositionScheme> make_scale_invariant(const PositionOptions& options,
                                                     const ModelShape&) {
  return std::make_shared<ScaleInvariant>(options.group<ScaleInvariantOptions>().tau);
}

}  // namespace

constinit const SchemeEntry kScaleInvariant{
    .name = "scale_invariant",
    .aliases = {"scale_invariant_attention"},
    .summary = "scores scaled up and pushed down by the logarithm of the distance",
    .paper = "Anson et al. 2025, 2505.17083",
    .groups = {make_group<ScaleInvariantOptions>},
    .make = make_scale_invariant,
};

void ScaleInvariantOptions::declare(OptionSet& options) {
  options.add("position.scale_invariant.tau", tau,
              "scale_invariant: tokens from which on distance counts by its logarithm",
              AtLeast{0.001});
}

}  // namespace lengthwise
