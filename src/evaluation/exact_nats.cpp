#include "evaluation/exact_nats.h"

namespace lengthwise {

std::vector<double> exact_nats(const WindowReader& reader, const ReadingOrder& reading,
                               const std::vector<Window>& windows) {
  std::vector<double> scored;
  std::vector<int64_t> tokens;
  for (const Window& window : windows) {
    tokens.clear();
    for (int64_t k = window.first_input; k <= window.end_target; ++k) {
      tokens.push_back(reading.token(window.document, k));
    }
    const std::vector<double> nats = reader(tokens);
    scored.insert(scored.end(), nats.end() - window.targets(), nats.end());
  }
  return scored;
}

}  // namespace lengthwise
