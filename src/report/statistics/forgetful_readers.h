#pragma once

#include <map>
#include <utility>
#include <vector>

#include "data/corpora/exact_reader.h"
#include "report/records/scored_tokens.h"

namespace lengthwise {

/// The exact reader with a limited memory, on windows of any layout. A prediction with no more in
/// sight than the memory holds is that of the reader that forgets nothing; one with more depends on
/// what is remembered alone and is the same in every window, so a memory costs one pass over the
/// documents, whatever the lengths and strides.
class ForgetfulReaders {
 public:
  /// Nothing may stand before a document's first token.
  ForgetfulReaders(ExactReader reader, TokenStream stream)
      : reader_(std::move(reader)), stream_(std::move(stream)) {}

  /// Nats of every scored token; `exact` are those of evaluation/exact_nats.h.
  std::vector<double> nats(int64_t memory_tokens, const ScoredTokens& scored,
                           std::vector<double> exact);

 private:
  std::vector<float> pass(int64_t memory_tokens) const;

  ExactReader reader_;
  TokenStream stream_;
  std::map<int64_t, std::vector<float>> passes_;  // by memory: of each token of the stream
};

/// The memories worth asking about at a length: ExactReader::kLeastMemory doubled as long as it is
/// below the length; at the length and above nothing is forgotten.
std::vector<int64_t> memories_below(int64_t length);

}  // namespace lengthwise
