#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "data/token_stream.h"

namespace lengthwise {

/// The tokens that a run was measured on, as its folder keeps them beside the values, once a text
/// and split. A token file (data/token_stream.h) with
/// `train_counts` I64 [V] as well, and metadata split, corpus, corpus_hash, start_token (empty
/// where there is none); and, but for files of older versions, `unknown_tokens` I64 [documents] and
/// `spelling_nats` F64 [documents, 2] (data/unknown_tokens.h: all, and the first token's).
struct SplitTokens {
  TokenStream stream;
  std::vector<int64_t> train_counts;   // of each token type in the training split; empty: unknown
  std::optional<int64_t> start_token;  // Dataset::start_token
  std::string split, corpus, corpus_hash;
};

/// "evaluation/test.tokens.safetensors", relative to the run folder: of the first text measured.
fs::path split_tokens_file(const std::string& split);

/// Writes the file into a run folder that lacks it; -> its path relative to the folder: the above,
/// or where that holds another text "evaluation/test-0a1b2c3d4e5f.tokens.safetensors".
fs::path store_split_tokens(const fs::path& run_folder, const SplitTokens& tokens);

/// How often each token type occurs.
std::vector<int64_t> token_counts(const TokenStream& stream);

/// UserError where the file is missing, damaged, or has counts of another vocabulary.
SplitTokens read_split_tokens(const fs::path& path);

}  // namespace lengthwise
