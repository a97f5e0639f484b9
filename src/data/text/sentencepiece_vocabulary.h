#pragma once

#include "data/text/vocabulary.h"

namespace lengthwise {

inline constexpr std::string_view kSentencePieceFile = "tokenizer.model";

/// A checkpoint's SentencePiece model (Kudo and Richardson 2018, 1808.06226), as Llama 1 and 2 and
/// Mistral bring it. A document is encoded whole, as its normaliser and model say; text that looks
/// like a control token is text. The start token is the model's <s>, where it has one. UserError
/// for a model without byte fallback, whose unknown characters could not be counted.
std::unique_ptr<Vocabulary> load_sentencepiece_vocabulary(const fs::path& folder);

}  // namespace lengthwise
