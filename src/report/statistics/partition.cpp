#include "report/statistics/partition.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <unordered_map>

#include "base/number_text.h"

namespace lengthwise {
namespace {

constexpr size_t kDoublings = 40;  // 1, 2, 3-4, ... up to 2^39 tokens
constexpr size_t kDecades = 13;    // 0, 1-9, 10-99, ... occurrences

/// 1, 2, 3-4, 5-8 as 0, 1, 2, 3.
uint8_t doubling_of(int64_t count) {
  const int width = std::bit_width(static_cast<uint64_t>(std::max<int64_t>(1, count) - 1));
  return static_cast<uint8_t>(std::min<int>(width, kDoublings - 1));
}

std::string doubling_text(size_t bin) {
  if (bin < 2) return fmt::format("{}", bin + 1);
  return fmt::format("{}-{}", (int64_t{1} << (bin - 1)) + 1, int64_t{1} << bin);
}

/// 0, 1-9, 10-99 as 0, 1, 2.
uint8_t decade_of(int64_t count) {
  uint8_t bin = 0;
  for (; count > 0 && bin < kDecades - 1; count /= 10) ++bin;
  return bin;
}

Partition by_context(const ScoredTokens& scored) {
  Partition partition{kByContext, "by the tokens in sight", {}, {}};
  for (size_t bin = 0; bin < kDoublings; ++bin) partition.bins.push_back(doubling_text(bin));
  for (const int64_t context : scored.contexts) partition.of_token.push_back(doubling_of(context));
  return partition;
}

Partition by_frequency(const SplitTokens& tokens, const ScoredTokens& scored) {
  Partition partition{kByFrequency, "by how often the token occurs in the training split", {}, {}};
  int64_t first = 1;
  partition.bins.push_back("0");
  for (size_t bin = 1; bin < kDecades; ++bin, first *= 10) {
    partition.bins.push_back(fmt::format("{}-{}", first, first * 10 - 1));
  }
  for (const int64_t position : scored.positions) {
    const auto token = static_cast<size_t>(tokens.stream[position]);
    partition.of_token.push_back(decade_of(tokens.train_counts[token]));
  }
  return partition;
}

/// `span`: tokens that must be in sight to see what recurs, less one.
Partition by_recurrence(const char* name, const std::string& what,
                        const std::vector<int64_t>& distances, int64_t span,
                        const ScoredTokens& scored) {
  Partition partition{name, "by the distance to the last " + what + " in the document", {}, {}};
  for (const char* side : {"", " (out of the window)"}) {
    for (size_t bin = 0; bin < kDoublings; ++bin) {
      partition.bins.push_back(doubling_text(bin) + side);
    }
  }
  partition.bins.push_back("never before");
  for (size_t i = 0; i < scored.size(); ++i) {
    const int64_t distance = distances[static_cast<size_t>(scored.positions[i])];
    size_t bin = 2 * kDoublings;
    if (distance > 0) {
      bin = doubling_of(distance) + (distance + span <= scored.contexts[i] ? 0 : kDoublings);
    }
    partition.of_token.push_back(static_cast<uint8_t>(bin));
  }
  return partition;
}

Partition by_target(const SplitTokens& tokens, const ScoredTokens& scored,
                    const ExactReader& reader) {
  Partition partition{kByTarget, "by target", {"order", "memory"}, {}};
  for (const int64_t position : scored.positions) {
    const bool answer = reader.is_answer(tokens.stream[position]);
    partition.of_token.push_back(static_cast<uint8_t>(answer ? kMemory : kOrder));
  }
  return partition;
}

}  // namespace

Recurrences find_recurrences(const TokenStream& stream) {
  const auto size = static_cast<size_t>(stream.size());
  Recurrences found{std::vector<int64_t>(size), std::vector<int64_t>(size)};
  std::unordered_map<int64_t, int64_t> last_token, last_bigram;
  for (const Document& document : stream.documents()) {
    last_token.clear();
    last_bigram.clear();
    for (int64_t i = document.begin; i < document.end; ++i) {
      const auto note = [i](auto& last, int64_t key, int64_t& distance) {
        const auto [place, is_new] = last.try_emplace(key, i);
        if (!is_new) distance = i - place->second;
        place->second = i;
      };
      const auto at = static_cast<size_t>(i);
      note(last_token, stream[i], found.token[at]);
      if (i == document.begin) continue;
      note(last_bigram, stream[i - 1] * stream.vocabulary_size() + stream[i], found.bigram[at]);
    }
  }
  return found;
}

std::vector<Partition> partition_tokens(const SplitTokens& tokens, const Recurrences& recurrences,
                                        const ScoredTokens& scored,
                                        const std::optional<ExactReader>& reader) {
  std::vector<Partition> partitions{by_context(scored)};
  if (!tokens.train_counts.empty()) partitions.push_back(by_frequency(tokens, scored));
  partitions.push_back(
      by_recurrence(kByToken, "occurrence of the same token", recurrences.token, 0, scored));
  partitions.push_back(
      by_recurrence(kByBigram, "occurrence of the same bigram", recurrences.bigram, 1, scored));
  if (reader) partitions.push_back(by_target(tokens, scored, *reader));
  return partitions;
}

}  // namespace lengthwise
