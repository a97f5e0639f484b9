#include "position/alibi.h"

#include <bit>
#include <cmath>

#include "position/distance_bias.h"
#include "position/registry.h"
#include "position/scheme.h"

namespace lengthwise {
namespace {

class Alibi final : public PositionScheme {
 public:
  explicit Alibi(int64_t heads) : slopes_(torch::tensor(alibi_slopes(heads), torch::kFloat64)) {}

  AttentionBias attention_bias(const LayerContext& context) const override {
    return make_distance_bias(
        context.positions, {}, [slopes = slopes_](const torch::Tensor& distances, at::TensorList) {
          return -torch::tensordot(slopes.unsqueeze(1), distances.unsqueeze(0), {1}, {0});
        });
  }

 private:
  torch::Tensor slopes_;  // [H] float64
};

}  // namespace

std::vector<double> alibi_slopes(int64_t heads) {
  const auto power = static_cast<int64_t>(std::bit_floor(static_cast<uint64_t>(heads)));
  std::vector<double> slopes;
  for (int64_t i = 1; i <= power; ++i) {
    slopes.push_back(std::exp2(-8.0 * static_cast<double>(i) / static_cast<double>(power)));
  }
  for (int64_t i = 1; i <= heads - power; ++i) {
    slopes.push_back(std::exp2(-4.0 * static_cast<double>(2 * i - 1) / static_cast<double>(power)));
  }
  return slopes;
}

std::shared_ptr<PositionScheme> make_alibi(const PositionOptions&, const ModelShape& shape) {
  return std::make_shared<Alibi>(shape.heads);
}

}  // namespace lengthwise
