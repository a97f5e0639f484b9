#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/safetensors.h"
#include "data/unknown_tokens.h"

namespace lengthwise {

/// A document: tokens [begin, end) of a stream, and what they stand for in the text they came from.
/// Bytes and words are 0 where the tokens stand for no text.
struct Document {
  int64_t begin, end;
  int64_t bytes, words;
  int64_t first_token_bytes;  // what a count of scored bytes leaves out when the first token is
                              // unscored
  /// Of bytes; not known of token files that an older version wrote.
  std::optional<UnknownTokens> unknown = UnknownTokens{};

  int64_t size() const { return end - begin; }
};

/// The tokens of one split with their document boundaries: in memory, or mapped from a token file
/// (safetensors: `tokens` U16 or U32 [N]; `documents` I64 [documents, 4]: end, bytes, words,
/// first_token_bytes; metadata `vocabulary_size`). What its documents' <unk> stand for is no part
/// of the file: equal tokens are equal files. The documents follow one another without a gap, and
/// none is empty. Copies share the tokens.
class TokenStream {
 public:
  static TokenStream from_tokens(std::vector<uint32_t> tokens, std::vector<Document> documents,
                                 int64_t vocabulary_size);
  /// Throws UserError for a file that is truncated, corrupted, or holds a token beyond its
  /// vocabulary.
  static TokenStream open(const fs::path& path);
  /// Tokens are stored in two bytes where the vocabulary allows it. What else the file is to hold
  /// may be given with them.
  void save(const fs::path& path, std::map<std::string, ArrayView> also_arrays = {},
            std::map<std::string, std::string> also_metadata = {}) const;

  /// The same tokens, with what their documents hold of unknown tokens: one a document.
  TokenStream with_unknown(const std::vector<std::optional<UnknownTokens>>& unknown) const;
  /// The same tokens as one document.
  TokenStream joined() const;

  /// SHA-256 of the tokens and where documents end: equal hash, equal reading, wherever it came
  /// from.
  std::string hash() const;

  int64_t size() const { return static_cast<int64_t>(wide_.size() + narrow_.size()); }
  int64_t vocabulary_size() const { return vocabulary_size_; }
  const std::vector<Document>& documents() const { return documents_; }
  int64_t operator[](int64_t index) const {
    const auto at = static_cast<size_t>(index);
    return narrow_.empty() ? wide_[at] : narrow_[at];
  }

 private:
  std::span<const uint32_t> wide_;  // one of the two is empty
  std::span<const uint16_t> narrow_;
  std::shared_ptr<const void> owner_;  // of the tokens: a vector or a mapped file
  std::vector<Document> documents_;
  int64_t vocabulary_size_ = 0;
};

}  // namespace lengthwise
