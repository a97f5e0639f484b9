#include "data/text/spelling_model.h"

#include <cmath>

namespace lengthwise {

SpellingModel::SpellingModel(std::span<const std::string> spellings) {
  std::array<double, 257> counts{};
  counts.fill(1);
  double all = static_cast<double>(counts.size());
  for (const std::string& spelling : spellings) {
    for (const char byte : spelling) ++counts[static_cast<unsigned char>(byte)];
    ++counts[kEnd];
    all += static_cast<double>(spelling.size() + 1);
  }
  for (size_t symbol = 0; symbol < counts.size(); ++symbol) {
    nats_[symbol] = std::log(all / counts[symbol]);
  }
}

double SpellingModel::nats(std::string_view spelling) const {
  double sum = nats_[kEnd];
  for (const char byte : spelling) sum += nats_[static_cast<unsigned char>(byte)];
  return sum;
}

}  // namespace lengthwise
