#include "position/head_turn.h"

namespace lengthwise {

torch::Tensor turn_each_head(const torch::Tensor& x, const torch::Tensor& cosines,
                             const torch::Tensor& sines) {
  const int64_t before = cosines.size(2) - x.size(2);
  const auto cosine = cosines.slice(2, before), sine = sines.slice(2, before);
  const auto halves = x.to(torch::kFloat32).chunk(2, 3);
  return torch::cat({halves[0] * cosine - halves[1] * sine, halves[0] * sine + halves[1] * cosine},
                    3);
}

}  // namespace lengthwise
