#include "report/comparison/breakdown.h"

#include <numeric>

namespace lengthwise {
namespace {

int64_t total(const std::vector<double>& counts) {
  return static_cast<int64_t>(std::accumulate(counts.begin(), counts.end(), 0.0));
}

/// The gap is left out where there is no exact reader.
BinMean bin_mean(const std::vector<std::vector<double>>& seeds, const std::vector<double>& tokens,
                 const std::vector<double>* ideal) {
  BinMean bin;
  bin.tokens = total(tokens);
  if (bin.tokens == 0) return bin;
  const BlockMean mean = block_mean(seeds, tokens, 0);
  bin.nats_per_token = mean.value;
  bin.standard_error = mean.standard_error();
  if (ideal == nullptr) return bin;
  const BlockMean gap = mean - block_mean({*ideal}, tokens, 0);
  bin.gap = gap.value;
  bin.gap_standard_error = gap.standard_error();
  return bin;
}

template <class Value>
void keep(std::vector<Value>& values, const std::vector<bool>& kept) {
  std::vector<Value> left;
  for (size_t i = 0; i < values.size(); ++i) {
    if (kept[i]) left.push_back(std::move(values[i]));
  }
  values = std::move(left);
}

}  // namespace

std::vector<Breakdown> empty_breakdowns(const std::vector<Partition>& partitions, size_t rows,
                                        size_t columns) {
  std::vector<Breakdown> breakdowns;
  for (const Partition& partition : partitions) {
    breakdowns.push_back({partition.name, partition.title, partition.bins,
                          std::vector<std::vector<int64_t>>(columns),
                          std::vector(rows, std::vector<std::vector<BinMean>>(columns)),
                          std::vector<std::vector<BinMean>>(columns)});
  }
  return breakdowns;
}

void add_column(std::vector<Breakdown>& breakdowns, size_t column, const TokenSums& tokens,
                const std::optional<TokenSums>& ideal) {
  for (size_t p = 0; p < breakdowns.size(); ++p) {
    for (size_t bin = 0; bin < breakdowns[p].bins.size(); ++bin) {
      breakdowns[p].tokens[column].push_back(total(tokens.kinds[p][bin]));
      if (!ideal) continue;
      breakdowns[p].ideal[column].push_back(
          bin_mean({ideal->kinds[p][bin]}, tokens.kinds[p][bin], nullptr));
    }
  }
}

void add_row(std::vector<Breakdown>& breakdowns, Place place, const std::vector<TokenSums>& seeds,
             const TokenSums& tokens, const std::optional<TokenSums>& ideal) {
  for (size_t p = 0; p < breakdowns.size(); ++p) {
    for (size_t bin = 0; bin < breakdowns[p].bins.size(); ++bin) {
      std::vector<std::vector<double>> sums;
      for (const TokenSums& seed : seeds) sums.push_back(seed.kinds[p][bin]);
      breakdowns[p].rows[place.row][place.column].push_back(
          bin_mean(sums, tokens.kinds[p][bin], ideal ? &ideal->kinds[p][bin] : nullptr));
    }
  }
}

void drop_empty_bins(std::vector<Breakdown>& breakdowns) {
  for (Breakdown& breakdown : breakdowns) {
    std::vector<bool> kept(breakdown.bins.size());
    for (const auto& column : breakdown.tokens) {
      for (size_t bin = 0; bin < column.size(); ++bin) {
        if (column[bin] > 0) kept[bin] = true;
      }
    }
    keep(breakdown.bins, kept);
    for (auto& column : breakdown.tokens) {
      if (!column.empty()) keep(column, kept);
    }
    for (auto& column : breakdown.ideal) {
      if (!column.empty()) keep(column, kept);
    }
    for (auto& row : breakdown.rows) {
      for (auto& column : row) {
        if (!column.empty()) keep(column, kept);
      }
    }
  }
}

}  // namespace lengthwise
