#include "position/cope.h"

#include "base/options.h"
#include "position/layer_parameters.h"
#include "position/options.h"
#include "position/scheme.h"
#include "position/scheme_entry.h"

namespace lengthwise {
namespace {

/// logits [B, H, Q, C], queries [B, H, Q, K], vectors [P, K].
torch::Tensor add_counted_positions(const torch::Tensor& logits, const torch::Tensor& queries,
                                    const LogitBlock& block, const torch::Tensor& vectors) {
  const int64_t count = vectors.size(0);
  const auto gates = logits.sigmoid() * block.visible();
  // Summed from the query backwards: as a total less the sum before, the small positions of near
  // keys would carry the rounding of the largest.
  const auto positions = gates.flip(3).cumsum(3).flip(3).clamp_max(static_cast<double>(count - 1));
  const auto below = positions.detach().floor().clamp_max_(static_cast<double>(count - 2));
  const auto index = below.to(torch::kInt64);
  const auto at_whole = torch::matmul(queries, vectors.t());  // [B, H, Q, P]
  const auto steps = at_whole.slice(3, 1) - at_whole.slice(3, 0, count - 1);
  return torch::addcmul(logits + at_whole.gather(3, index), positions - below,
                        steps.gather(3, index));
}

class Cope final : public PositionScheme {
 public:
  Cope(const CopeOptions& options, const ModelShape& shape)
      : vectors_(register_layer_parameters(*this, shape.layers, "vectors",
                                           {options.max_positions, shape.head_width()})) {}

  void reset_parameters() override {
    const torch::NoGradGuard no_grad;
    for (torch::Tensor& vectors : vectors_) vectors.zero_();
  }

  AttentionBias attention_bias(const LayerContext& context) const override {
    const auto block = [](const torch::Tensor& logits, const torch::Tensor& queries,
                          const LogitBlock& rectangle, at::TensorList inputs) {
      return add_counted_positions(logits, queries, rectangle, inputs[0]);
    };
    return LogitChange{
        {vectors_.at(static_cast<size_t>(context.layer))}, block, /*floats_per_logit=*/16};
  }

 private:
  std::vector<torch::Tensor> vectors_;  // a layer: [P, K]
};

std::shared_ptr<PositionScheme> make_cope(const PositionOptions& options, const ModelShape& shape) {
  return std::make_shared<Cope>(options.group<CopeOptions>(), shape);
}

}  // namespace

constinit const SchemeEntry kCope{
    .name = "cope",
    .aliases = {"contextual", "contextual_position_encoding"},
    .summary = "positions counted by gates of queries on keys",
    .paper = "Golovneva et al. 2024, 2405.18719",
    .groups = {make_group<CopeOptions>},
    .learned = true,
    .make = make_cope,
};

void CopeOptions::declare(OptionSet& options) {
  options
      .add("position.cope.max_positions", max_positions,
           "cope: vectors a layer; positions counted beyond the last stay there", AtLeast{2})
      .as(OptionRole::weights);
}

}  // namespace lengthwise
