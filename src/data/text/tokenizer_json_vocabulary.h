#pragma once

#include "data/text/vocabulary.h"

namespace lengthwise {

inline constexpr std::string_view kTokenizerJsonFile = "tokenizer.json";

/// A checkpoint's tokenizer.json, which Hugging Face's `tokenizers` runs and this program does not:
/// it names a vocabulary, and `scripts/tokenize` writes the tokens. UserError, saying so.
[[noreturn]] std::unique_ptr<Vocabulary> load_tokenizer_json_vocabulary(const fs::path& folder);

}  // namespace lengthwise
