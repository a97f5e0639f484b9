#pragma once

#include <cstdint>
#include <vector>

#include "data/reading_order.h"
#include "evaluation/windows.h"
#include "report/records/token_values.h"

namespace lengthwise {

/// The scored tokens of planned windows, in the order of the stream.
struct ScoredTokens {
  std::vector<int64_t> positions;  // in the stream
  std::vector<int64_t> contexts;   // tokens a prediction sees: 1 ... length
  std::vector<int64_t> documents;
  std::vector<ScoredRun> runs;  // as TokenValues::runs

  size_t size() const { return positions.size(); }
};

ScoredTokens scored_tokens(const ReadingOrder& reading, const std::vector<Window>& windows);

}  // namespace lengthwise
