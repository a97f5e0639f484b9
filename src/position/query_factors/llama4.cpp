#include "position/query_factors/llama4.h"

#include "base/options.h"
#include "position/options.h"
#include "position/query_factor.h"
#include "position/scheme_entry.h"

namespace lengthwise {
namespace {

/// 1 + scale ln(1 + floor((i + first) / every)).
class SteppedLog final : public QueryFactor {
 public:
  SteppedLog(double scale, int64_t every, int64_t first)
      : scale_(scale), every_(static_cast<double>(every)), first_(first) {}

  torch::Tensor at(const torch::Tensor& keys, int64_t) const override {
    const auto places = torch::arange(first_, first_ + keys.size(0), keys.options());
    return (places / every_).floor().log1p() * scale_ + 1;
  }

 private:
  double scale_, every_;
  int64_t first_;
};

std::shared_ptr<QueryFactor> make_llama4(const PositionOptions& options, const ModelShape& shape) {
  const Llama4Options& llama4 = options.group<Llama4Options>();
  return std::make_shared<SteppedLog>(llama4.scale, shape.or_train_length(llama4.floor_scale), 1);
}

std::shared_ptr<QueryFactor> make_ministral(const PositionOptions& options,
                                            const ModelShape& shape) {
  const MinistralOptions& ministral = options.group<MinistralOptions>();
  return std::make_shared<SteppedLog>(ministral.beta,
                                      shape.or_train_length(ministral.original_length), 0);
}

}  // namespace

constinit const QueryFactorEntry kLlama4{
    .name = "llama4",
    .aliases = {"llama_4", "irope", "temperature_tuning"},
    .summary = "1 + scale ln(1 + floor((i + 1) / floor_scale)) of the place i",
    .paper = "Llama 4 2025, transformers models/llama4",
    .groups = {make_group<Llama4Options>},
    .make = make_llama4,
};

constinit const QueryFactorEntry kMinistral{
    .name = "ministral",
    .aliases = {"ministral3", "llama_4_scaling_beta"},
    .summary = "1 + beta ln(1 + floor(i / original_length)) of the place i",
    .paper = "Ministral 3 2025, transformers models/ministral3",
    .groups = {make_group<MinistralOptions>},
    .make = make_ministral,
};

void Llama4Options::declare(OptionSet& options) {
  options.add("position.llama4.scale", scale, "llama4: grows with the logarithm by this",
              AtLeast{0.0});
  options.add("position.llama4.floor_scale", floor_scale,
              "llama4: places a step of the factor; 0: model.train_length (published: 8192)",
              AtLeast{0});
}

void MinistralOptions::declare(OptionSet& options) {
  options.add("position.ministral.beta", beta, "ministral: grows with the logarithm by this",
              AtLeast{0.0});
  options.add("position.ministral.original_length", original_length,
              "ministral: places a step of the factor; 0: model.train_length", AtLeast{0});
}

}  // namespace lengthwise
