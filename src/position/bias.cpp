#include "position/bias.h"

namespace lengthwise {

torch::Tensor LogitBlock::visible(int64_t from_column) const {
  const auto keys = key_index.slice(0, from_column).to(torch::kInt32);
  const auto distance = query_index.to(torch::kInt32).unsqueeze(1) - keys;
  auto seen = distance.ge(0);
  if (visibility.window > 0) {
    seen.logical_and_(distance.lt(visibility.window).logical_or_(keys.lt(visibility.sinks)));
  }
  return seen;
}

}  // namespace lengthwise
