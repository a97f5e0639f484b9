#pragma once

#include <algorithm>
#include <vector>

#include "report/statistics/blocks.h"
#include "report/statistics/partition.h"

namespace lengthwise {

/// All that is kept of a measurement's values: totals over blocks, and over the kinds of each
/// partition within them.
struct TokenSums {
  std::vector<double> blocks;                           // [blocks]
  std::vector<std::vector<std::vector<double>>> kinds;  // [partition][bin][blocks]
};

/// `value(i)` of the i-th scored token.
template <class Value>
TokenSums sum_tokens(const Blocks& blocks, const std::vector<Partition>& partitions,
                     const Value& value) {
  const size_t count = std::max<size_t>(1, blocks.tokens.size());
  TokenSums sums;
  sums.blocks.resize(count);
  for (size_t i = 0; i < blocks.of_token.size(); ++i) sums.blocks[blocks.of_token[i]] += value(i);
  for (const Partition& partition : partitions) {
    auto& bins = sums.kinds.emplace_back(partition.bins.size(), std::vector<double>(count));
    for (size_t i = 0; i < blocks.of_token.size(); ++i) {
      bins[partition.of_token[i]][blocks.of_token[i]] += value(i);
    }
  }
  return sums;
}

}  // namespace lengthwise
