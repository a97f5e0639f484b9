#include "report/exact_nats.h"

#include <algorithm>

namespace lengthwise {
namespace {

/// Where reading must begin: what a reader of limited memory has forgotten need not be read. Whole
/// records are left out, so that a window begins in the same place of a record as before.
int64_t first_needed(const Window& window, int64_t memory_tokens) {
  if (memory_tokens == 0) return window.first_input;
  const int64_t spare =
      window.first_target - memory_tokens - 2 * ExactReader::kRecordTokens - window.first_input;
  return window.first_input +
         std::max<int64_t>(0, spare / ExactReader::kRecordTokens) * ExactReader::kRecordTokens;
}

}  // namespace

std::vector<double> exact_nats(const ExactReader& reader, const ReadingOrder& reading,
                               const std::vector<Window>& windows, int64_t memory_tokens) {
  std::vector<double> scored;
  std::vector<int64_t> tokens;
  for (const Window& window : windows) {
    tokens.clear();
    for (int64_t k = first_needed(window, memory_tokens); k <= window.end_target; ++k) {
      tokens.push_back(reading.token(window.document, k));
    }
    const std::vector<double> nats = reader.nats(tokens, memory_tokens);
    scored.insert(scored.end(), nats.end() - window.targets(), nats.end());
  }
  return scored;
}

std::vector<int64_t> memories_below(int64_t length) {
  std::vector<int64_t> memories;
  for (int64_t memory = ExactReader::kLeastMemory; memory < length; memory *= 2) {
    memories.push_back(memory);
  }
  return memories;
}

}  // namespace lengthwise
