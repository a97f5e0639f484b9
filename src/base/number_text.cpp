#include "base/number_text.h"

#include <fmt/format.h>

#include <cmath>

namespace lengthwise {

std::string format_perplexity(double perplexity) {
  if (!std::isfinite(perplexity)) return "inf";
  if (perplexity >= 1e6) return fmt::format("{:.3e}", perplexity);
  return fmt::format("{:.{}f}", perplexity, perplexity_decimals(perplexity));
}

int perplexity_decimals(double perplexity) {
  return perplexity < 10 ? 3 : perplexity < 100 ? 2 : perplexity < 1000 ? 1 : 0;
}

std::string format_count(int64_t count) {
  std::string text = fmt::format("{}", count);
  for (auto at = static_cast<int64_t>(text.size()) - 3; at > 0; at -= 3) {
    text.insert(static_cast<size_t>(at), ",");
  }
  return text;
}

std::string format_exactly(std::optional<double> value) {
  return value ? fmt::format("{}", *value) : std::string();
}

}  // namespace lengthwise
