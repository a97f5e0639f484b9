#include "report/records/scored_tokens.h"

namespace lengthwise {

ScoredTokens scored_tokens(const ReadingOrder& reading, const std::vector<Window>& windows) {
  ScoredTokens scored;
  for (const Window& window : windows) {
    for (int64_t k = window.first_target; k < window.end_target; ++k) {
      const int64_t position = reading.stream_position(window.document, k + 1);
      scored.positions.push_back(position);
      scored.contexts.push_back(k - window.first_input + 1);
      scored.documents.push_back(window.document);
      auto& runs = scored.runs;
      if (!runs.empty() && runs.back().first + runs.back().count == position) {
        ++runs.back().count;
      } else {
        runs.push_back({position, 1});
      }
    }
  }
  return scored;
}

}  // namespace lengthwise
