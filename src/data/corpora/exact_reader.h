#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "data/corpora/ideal_reader.h"

namespace lengthwise {

/// The exact Bayes-optimal reader of a corpus that the program makes itself
/// (data/corpora/ideal_reader.h), for what only knows the corpus by name.
class ExactReader {
 public:
  explicit ExactReader(const IdealReaderLaw& law) : law_(law) {}

  /// A memory is a multiple of `kRecordTokens`, at least `kLeastMemory` tokens.
  static constexpr int64_t kRecordTokens = 2, kLeastMemory = 4;

  /// Nats of window[1 ...], given the tokens of the window before each, and of those the last
  /// `memory_tokens` alone where that is not 0. std::invalid_argument for a window that is no part
  /// of a document.
  std::vector<double> nats(std::span<const int64_t> window, int64_t memory_tokens = 0) const {
    return ideal_nats(law_, window, memory_tokens);
  }

  /// Whether the token is an answer: its loss is one of memory, a cue's one of order.
  bool is_answer(int64_t token) const { return !law_.is_cue(token); }

 private:
  IdealReaderLaw law_;
};

/// None where no exact reader is known for the corpus (Dataset::name).
std::optional<ExactReader> find_exact_reader(std::string_view corpus);

}  // namespace lengthwise
