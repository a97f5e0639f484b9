#include "position/stick_breaking.h"

#include "base/options.h"
#include "position/options.h"
#include "position/scheme.h"
#include "position/scheme_entry.h"

namespace lengthwise {
namespace {

using torch::Tensor;

/// A logarithm whose exponential is 0 in float32.
constexpr double kNothing = -1e4;

/// logits [B, H, Q, C] -> the logarithms of the parts that keys break off, and on the diagonal that
/// of the rest or of nothing.
Tensor broken(const Tensor& logits, const LogitBlock& block, bool rest_to_own) {
  const auto own = block.query_index.unsqueeze(1).eq(block.key_index);  // [Q, C]
  const auto before = block.visible().logical_and(own.logical_not());
  const auto left = -at::softplus(logits) * before;
  // From the query backwards, so that near keys do not carry the rounding of far ones.
  const auto from_key = left.flip(3).cumsum(3).flip(3);
  const auto after_key = at::constant_pad_nd(from_key.slice(3, 1), {0, 1}, 0);
  const auto parts = after_key - at::softplus(-logits);
  if (!rest_to_own) return parts.masked_fill(own, kNothing);
  return torch::where(own, from_key.slice(3, 0, 1), parts);
}

class StickBreaking final : public PositionScheme {
 public:
  explicit StickBreaking(bool rest_to_own) : rest_to_own_(rest_to_own) {}

  AttentionBias attention_bias(const LayerContext&) const override {
    const auto block = [own = rest_to_own_](const Tensor& logits, const Tensor&,
                                            const LogitBlock& rectangle, at::TensorList) {
      return broken(logits, rectangle, own);
    };
    return LogitChange{{}, block, /*floats_per_logit=*/12, /*normalised=*/false};
  }

 private:
  bool rest_to_own_;
};

std::shared_ptr<PositionScheme> make_stick_breaking(const PositionOptions& options,
                                                    const ModelShape&) {
  return std::make_shared<StickBreaking>(options.group<StickBreakingOptions>().remainder == "own");
}

}  // namespace

constinit const SchemeEntry kStickBreaking{
    .name = "stick_breaking",
    .aliases = {"stickbreaking", "sb_attention"},
    .summary = "no softmax: keys break parts off a stick, from the query back",
    .paper = "Tan et al. 2024, 2410.17980",
    .groups = {make_group<StickBreakingOptions>},
    .make = make_stick_breaking,
};

void StickBreakingOptions::declare(OptionSet& options) {
  options.add("position.stick_breaking.remainder", remainder,
              "stick_breaking: where the rest of the stick goes, to nothing (zero) or to the "
              "query's own value (own)",
              OneOf{{"zero", "own"}});
}

}  // namespace lengthwise
