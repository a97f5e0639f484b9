#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/files.h"

namespace lengthwise {

/// What a file of per-token values comes to. The file is safetensors: `nats` F32 [N], the negative
/// log-likelihood of every scored token; `positions` I64 [R, 2], the runs of scored stream
/// positions (first, count); where the corpus has an exact reader `ideal_nats` F32 [N]; metadata
/// split, protocol, length, stride, corpus, corpus_hash.
struct TokenValues {
  std::string split, protocol;
  int64_t length = 0, stride = 0;
  std::string variant;  // empty where the metadata has none
  std::string corpus, corpus_hash;
  int64_t tokens = 0;
  double nats_per_token = 0;  // a mean in double
  std::optional<double> ideal_nats_per_token;
  std::string scored_positions;  // SHA-256 of the scored positions, however they fall into runs
};

/// UserError where the file is missing or truncated, a value is not finite, or the positions are
/// not those of N different tokens.
TokenValues read_token_values(const fs::path& path);

}  // namespace lengthwise
