#include "position/t5_bias.h"

#include <cmath>

#include "base/error.h"
#include "base/options.h"
#include "position/distance_bias.h"
#include "position/options.h"
#include "position/scheme.h"
#include "position/scheme_entry.h"

namespace lengthwise {
namespace {

class T5Bias final : public PositionScheme {
 public:
  T5Bias(const T5BiasOptions& options, const ModelShape& shape)
      : max_distance_(options.max_distance),
        deviation_(1 / std::sqrt(static_cast<double>(shape.width))),
        table_(register_parameter("table", torch::empty({options.buckets, shape.heads}))) {}

  void reset_parameters() override {
    const torch::NoGradGuard no_grad;
    table_.normal_(0, deviation_);
  }

  /// The buckets alone: with the numbers looked up here too, gradients of the layers would be
  /// summed in another order.
  std::vector<torch::Tensor> tables(const Positions& positions) const override {
    if (!positions.step) return {};
    return {t5_buckets(even_distances(positions), table_.size(0), max_distance_)};
  }

  AttentionBias attention_bias(const LayerContext& context) const override {
    if (context.positions.step) {
      return DistanceBias{table_.t().index_select(1, context.tables.at(0))};
    }
    return make_distance_bias(
        context.positions, {table_},
        [max_distance = max_distance_](const torch::Tensor& distances, at::TensorList inputs) {
          const auto& table = inputs[0];
          std::vector<int64_t> shape = distances.sizes().vec();
          shape.insert(shape.begin(), table.size(1));
          const auto buckets = t5_buckets(distances, table.size(0), max_distance);
          return table.t().index_select(1, buckets.flatten()).view(shape);
        });
  }

 private:
  int64_t max_distance_;
  double deviation_;
  torch::Tensor table_;  // [buckets, H]
};

void validate_t5_bias(const PositionOptions& options, const ModelShape&) {
  const int64_t exact = options.group<T5BiasOptions>().buckets / 2;
  if (options.group<T5BiasOptions>().max_distance <= exact) {
    fail(
        "position.t5_bias.max_distance: {} is within the {} distances that have buckets of their "
        "own (half of position.t5_bias.buckets {}); it must be above {}",
        options.group<T5BiasOptions>().max_distance, exact, options.group<T5BiasOptions>().buckets,
        exact);
  }
}

std::shared_ptr<PositionScheme> make_t5_bias(const PositionOptions& options,
                                             const ModelShape& shape) {
  return std::make_shared<T5Bias>(options.group<T5BiasOptions>(), shape);
}

}  // namespace

constinit const SchemeEntry kT5Bias{
    .name = "t5_bias",
    .aliases = {"t5", "t5_rpe", "t5_relative", "relative_bias", "relative"},
    .summary = "a learned bias for each bucket of distances, shared by layers",
    .paper = "Raffel et al. 2020, 1910.10683",
    .groups = {make_group<T5BiasOptions>},
    .learned = true,
    .make = make_t5_bias,
    .validate = validate_t5_bias,
};

void T5BiasOptions::declare(OptionSet& options) {
  options
      .add("position.t5_bias.buckets", buckets,
           "t5_bias: learned numbers a head; half of them for one distance each", AtLeast{2})
      .as(OptionRole::weights);
  options.add("position.t5_bias.max_distance", max_distance,
              "t5_bias: from here on all keys share the last bucket", AtLeast{2});
}

torch::Tensor t5_buckets(const torch::Tensor& distances, int64_t buckets, int64_t max_distance) {
  // Where the logarithm is a whole number it may come out a rounding below it. A boundary between
  // whole distances moves by less than a millionth up to distance 1000.
  constexpr double kRounding = 1e-9;
  const int64_t exact = buckets / 2;
  const double first = static_cast<double>(exact);
  const double scale =
      static_cast<double>(buckets - exact) / std::log(static_cast<double>(max_distance) / first);
  const auto beyond = (distances.clamp_min(first) / first).log() * scale + (first + kRounding);
  return torch::where(distances < first, distances, beyond)
      .floor()
      .clamp_max(static_cast<double>(buckets - 1))
      .to(torch::kInt64);
}

}  // namespace lengthwise
