#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace lengthwise {

/// The exact Bayes-optimal reader of a built-in corpus: a line of the table in exact_reader.cpp.
/// Documents of such a corpus are sequences of records of `record_tokens` tokens; the last token of
/// a record is its answer.
struct ExactReader {
  std::string_view corpus;  // Dataset::name
  int64_t record_tokens;
  int64_t least_memory;  // tokens

  /// Nats of window[1 ...], given the tokens of the window before each, and of those the last
  /// `memory_tokens` alone where that is not 0: at least `least_memory`, a multiple of
  /// `record_tokens`. std::invalid_argument for a window that is no part of a document.
  std::vector<double> (*nats)(std::span<const int64_t> window, int64_t memory_tokens);

  /// Whether the token is an answer: its loss is one of memory, that of any other token of order.
  bool (*is_answer)(int64_t token);
};

/// nullptr where no exact reader is known for the corpus.
const ExactReader* find_exact_reader(std::string_view corpus);

}  // namespace lengthwise
