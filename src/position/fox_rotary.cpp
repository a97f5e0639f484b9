#include "position/fox_rotary.h"

#include "position/forget_gates.h"
#include "position/options.h"
#include "position/rotary.h"
#include "position/scheme.h"
#include "position/scheme_entry.h"

namespace lengthwise {
namespace {

class FoxRotary final : public PositionScheme {
 public:
  FoxRotary(std::shared_ptr<PositionScheme> rotary, const ModelShape& shape)
      : rotary_(register_module("rotary", std::move(rotary))), gates_(*this, shape) {}

  void reset_parameters() override { gates_.reset_parameters(); }

  std::vector<torch::Tensor> tables(const Positions& positions) const override {
    return rotary_->tables(positions);
  }

  QueriesKeys apply_to_queries_keys(QueriesKeys pair, const LayerContext& context) const override {
    return rotary_->apply_to_queries_keys(std::move(pair), context);
  }

  AttentionBias attention_bias(const LayerContext& context) const override {
    return gates_.bias(context);
  }

 private:
  std::shared_ptr<PositionScheme> rotary_;
  ForgetGates gates_;
};

std::shared_ptr<PositionScheme> make_fox_rotary(const PositionOptions& options,
                                                const ModelShape& shape) {
  return std::make_shared<FoxRotary>(make_rotary_with(options, plain_frequencies(options, shape)),
                                     shape);
}

}  // namespace

constinit const SchemeEntry kFoxRotary{
    .name = "fox_rotary",
    .aliases = {"fox_rope", "rotary_fox"},
    .summary = "rotary, and scores that fall by gates over the tokens between",
    .paper = "Lin et al. 2025, 2503.02130",
    .groups = {make_group<RotaryOptions>},
    .learned = true,
    .make = make_fox_rotary,
    .validate = validate_rotary,
};

}  // namespace lengthwise
