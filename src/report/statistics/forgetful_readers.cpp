#include "report/statistics/forgetful_readers.h"

namespace lengthwise {

std::vector<float> ForgetfulReaders::pass(int64_t memory_tokens) const {
  std::vector<float> nats(static_cast<size_t>(stream_.size()));
  for (const Document& document : stream_.documents()) {
    std::vector<int64_t> tokens;
    for (int64_t i = document.begin; i < document.end; ++i) tokens.push_back(stream_[i]);
    const std::vector<double> values = reader_.nats(tokens, memory_tokens);
    for (size_t i = 0; i < values.size(); ++i) {
      nats[static_cast<size_t>(document.begin) + 1 + i] = static_cast<float>(values[i]);
    }
  }
  return nats;
}

std::vector<double> ForgetfulReaders::nats(int64_t memory_tokens, const ScoredTokens& scored,
                                           std::vector<double> exact) {
  const auto [place, is_new] = passes_.try_emplace(memory_tokens);
  if (is_new) place->second = pass(memory_tokens);
  for (size_t i = 0; i < exact.size(); ++i) {
    if (scored.contexts[i] <= memory_tokens) continue;
    exact[i] = place->second[static_cast<size_t>(scored.positions[i])];
  }
  return exact;
}

std::vector<int64_t> memories_below(int64_t length) {
  std::vector<int64_t> memories;
  for (int64_t memory = ExactReader::kLeastMemory; memory < length; memory *= 2) {
    memories.push_back(memory);
  }
  return memories;
}

}  // namespace lengthwise
