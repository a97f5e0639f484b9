#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "data/corpora/exact_reader.h"
#include "report/records/scored_tokens.h"
#include "report/records/split_tokens.h"

namespace lengthwise {

/// A way of sorting scored tokens into kinds. The kinds are the same at every length; which token
/// is of which may differ.
struct Partition {
  std::string name;               // of its file: "context"
  std::string title;              // "by the tokens in sight"
  std::vector<std::string> bins;  // what each kind is called; many may be empty
  std::vector<uint8_t> of_token;  // a scored token each
};

/// How far back the same token, or the same pair of tokens, last ended in the document: of each
/// token of the stream, 0 where it never did.
struct Recurrences {
  std::vector<int64_t> token, bigram;
};
Recurrences find_recurrences(const TokenStream& stream);

/// Names of the partitions.
inline constexpr const char* kByContext = "context";
inline constexpr const char* kByFrequency = "train_count";
inline constexpr const char* kByToken = "previous_token";
inline constexpr const char* kByBigram = "previous_bigram";
inline constexpr const char* kByTarget = "target";
/// Of kByTarget.
inline constexpr size_t kOrder = 0, kMemory = 1;

/// By context (1, 2, 3-4, 5-8 ... tokens in sight); by how often the token's type occurs in the
/// training split (0, 1-9, 10-99 ...); by the distance to the last occurrence of the same token,
/// and of the same bigram that ends in it, in the document (1, 2, 3-4 ...), those inside of the
/// window apart from those outside, and those that never occurred; where the corpus has an exact
/// reader, by target: order or memory.
std::vector<Partition> partition_tokens(const SplitTokens& tokens, const Recurrences& recurrences,
                                        const ScoredTokens& scored,
                                        const std::optional<ExactReader>& reader);

}  // namespace lengthwise
