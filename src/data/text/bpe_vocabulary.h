#pragma once

#include "data/text/vocabulary.h"

namespace lengthwise {

inline constexpr std::string_view kBpeModelFile = "vocabulary.model";

/// Byte-pair encoding (Sennrich et al. 2016) by SentencePiece (Kudo and Richardson 2018), trained
/// on the lines of the training text. Lossless: decode(encode(text)) == text for any UTF-8 text.
/// Nothing is normalised; a character the vocabulary lacks becomes its bytes; a newline is a token
/// of its own; a space belongs to the word after it. The same text gives the same vocabulary. No
/// start token. UserError where the text cannot fill a vocabulary of `size` tokens.
std::unique_ptr<Vocabulary> train_bpe_vocabulary(const std::vector<fs::path>& documents,
                                                 int64_t size);
std::unique_ptr<Vocabulary> load_bpe_vocabulary(const fs::path& folder);

}  // namespace lengthwise
