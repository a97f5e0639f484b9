#pragma once

#include <cstdint>
#include <string_view>

namespace lengthwise {

/// The token that stands for what a vocabulary of characters or words lacks.
inline constexpr std::string_view kUnknownToken = "<unk>";

/// What of a text stands in its tokens only as <unk>: words or characters that the vocabulary
/// lacks. An <unk> has predicted that something unknown comes, and not what: the spelling is still
/// to be paid for (data/text/spelling_model.h). An <unk> written in the text is no unknown token.
struct UnknownTokens {
  int64_t tokens = 0;
  double nats = 0;              // of all their spellings
  double first_token_nats = 0;  // of these, that of the document's first token
};

}  // namespace lengthwise
