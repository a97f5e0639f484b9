#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace lengthwise {

/// Scored tokens in blocks that are resampled whole (report/statistics/bootstrap.h).
struct Blocks {
  std::vector<uint16_t> of_token;  // a scored token each, in the order of the stream
  std::vector<double> tokens;      // of each block; empty: too few tokens for intervals
  std::string description;         // "32 documents", "119 stretches of about 2,064 tokens"
  std::string warning;             // what makes the intervals doubtful; empty: nothing
};

/// Blocks are documents where these are worth at least 20 of equal size, (sum n)^2 / sum n^2 over
/// their scored tokens n; otherwise equal stretches of scored tokens, at least the longest
/// evaluation length each. Of more than 64 documents or stretches neighbours go together, and of
/// fewer than 20 stretches there are 20 shorter ones, with a warning. Below 2,000 tokens there are
/// none. `documents`: of each scored token, in the order of the stream.
Blocks plan_blocks(std::span<const int64_t> documents, int64_t longest_length);

}  // namespace lengthwise
