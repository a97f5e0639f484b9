#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "data/token_stream.h"

namespace lengthwise {

struct Dataset;

/// Of the text that tokens stand for.
struct TextSize {
  int64_t bytes = 0, words = 0;
  std::optional<int64_t> unknown_tokens = 0;  // of the tokens; none where that is not known
  double spelling_nats = 0;                   // of what these stand for (data/unknown_tokens.h)
};

/// What may stand before a document's first token, so that the first is predicted too:
///
///   none      nothing: the first token is only read
///   eos       Dataset::start_token
///   previous  the stream's token before it, the last of the document before; before the stream's
///             first token the start token, where there is one (Press et al. 2021's code)
///
/// `wanted` is one of these or "vocabulary": eos where there is a start token, none otherwise.
/// UserError where the dataset cannot give what is wanted.
std::string resolve_first_token(const std::string& wanted, const Dataset& dataset);

/// The documents of a stream as they are read: place 0 holds what stands before the first token,
/// where something does, the places after it the document.
class ReadingOrder {
 public:
  /// `first_token` is resolved.
  ReadingOrder(TokenStream stream, const std::string& first_token,
               std::optional<int64_t> start_token);

  /// Whether something stands before the document's first token.
  bool leads(int64_t document) const { return leads_[static_cast<size_t>(document)].has_value(); }
  int64_t token(int64_t document, int64_t place) const;
  /// Place in the stream of the token at `place`; one less than the document's first for what
  /// stands before it.
  int64_t stream_position(int64_t document, int64_t place) const;
  /// Of each document: its tokens, without the first where nothing stands before it.
  std::vector<int64_t> document_targets() const;
  /// What the targets stand for where all of them are scored; 0 where only a part is.
  TextSize text_of(int64_t scored_targets) const;

 private:
  TokenStream stream_;
  std::vector<std::optional<int64_t>> leads_;  // a document each
};

}  // namespace lengthwise
