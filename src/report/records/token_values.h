#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/files.h"
#include "evaluation/windows.h"

namespace lengthwise {

/// Scored tokens that follow one another in the stream.
struct ScoredRun {
  int64_t first, count;

  bool operator==(const ScoredRun&) const = default;
};

/// A file of per-token values. It is safetensors: `nats` F32 [N], the negative log-likelihood of
/// every scored token in the order of the stream; `positions` I64 [R, 2], the runs of scored stream
/// positions (first, count); metadata split, protocol, documents, first_token, length, stride,
/// window_targets, skipped_targets, max_tokens, corpus, corpus_hash, tokens_file.
struct TokenValues {
  std::string split, protocol, documents, first_token;  // as EvaluationRecord's
  WindowLayout layout{};                                // that the windows were planned by
  std::string variant;                                  // empty where the metadata has none
  std::string corpus, corpus_hash;
  std::string tokens_file;  // beside it: the split's tokens
  int64_t tokens = 0;
  std::vector<float> nats;
  double nats_per_token = 0;     // a mean in double
  std::vector<ScoredRun> runs;   // in the order of the stream, those that touch made one
  std::string scored_positions;  // SHA-256 of the runs
};

/// UserError where the file is missing or truncated, a value is not finite, or the positions are
/// not those of N different tokens.
TokenValues read_token_values(const fs::path& path);

}  // namespace lengthwise
