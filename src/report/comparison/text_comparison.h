#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "report/comparison/comparison.h"

namespace lengthwise {

/// How a row's loss stands to that of the corpus's exact reader, given the same windows. All but
/// the gap are there at lengths above the train length T alone, and where T was measured.
struct GapToIdeal {
  Estimate all, order,
      memory;  // nats a token: over all targets, those that are no answers, answers
  /// (model(T) - model(L)) / (ideal(T) - ideal(L)): the share of what longer windows offer that the
  /// row turns into lower loss.
  std::optional<Estimate> used;
  /// (I_T(L) - model(L)) / (I_T(L) - ideal(L)), I_T the exact reader that remembers T tokens: 0 is
  /// no better than it, 1 is perfect.
  std::optional<Estimate> beyond;
  /// The memory in tokens with which the exact reader would have the row's loss, interpolated in
  /// its log2; the length where it has none to lose, the least memory where it is below that.
  std::optional<Estimate> equivalent_memory;
  int64_t least_memory = 0;  // tokens
};

/// What a text's stored values say of a row at one eval_length: add_token_statistics.
struct TextCell {
  std::optional<Interval> nats_interval, perplexity_interval;  // of the cell's means
  std::optional<GapToIdeal> gap;
};

/// Two rows at one length.
struct RowDifference {
  size_t row, other, column;
  Estimate nats;  // a token, row - other, on the same tokens
};

/// The mean loss over the tokens of one kind.
struct BinMean {
  int64_t tokens = 0;
  double nats_per_token = 0;
  std::optional<double> standard_error;           // none without blocks
  std::optional<double> gap, gap_standard_error;  // to the exact reader, on the same tokens
};

/// Losses by kind of token (report/statistics/partition.h).
struct Breakdown {
  std::string name;                                     // "context": of its file and for programs
  std::string title;                                    // "by the tokens in sight"
  std::vector<std::string> bins;                        // those that occur at any length
  std::vector<std::vector<int64_t>> tokens;             // [column][bin]
  std::vector<std::vector<std::vector<BinMean>>> rows;  // [row][column][bin]; no bin: not measured
  std::vector<std::vector<BinMean>> ideal;              // [column][bin]; no bin: no exact reader
};

/// Runs side by side on the same tokens of a corpus: how well each predicts them.
struct TextComparison : Comparison {
  TextComparison() = default;
  /// The best of a column is the lowest perplexity; the rest comes from the stored values.
  explicit TextComparison(Comparison shared);

  std::vector<std::optional<double>> ideal_nats;  // nats a token of the exact reader, by length

  // By add_token_statistics.
  int64_t bytes = 0, words = 0;  // of the scored text; 0: none, or not all of it was scored
  /// Of the tokens, those that stand for what the vocabulary lacks, and what spelling them out
  /// takes (data/unknown_tokens.h); none where an older version did not count them.
  std::optional<int64_t> unknown_tokens = 0;
  double spelling_nats = 0;
  int64_t train_tokens = 0;  // of the training split
  std::string blocks;        // what was resampled, or why nothing was
  Grid<TextCell> text_cells;
  std::vector<RowDifference> differences;  // every pair of rows at every length
  std::vector<Breakdown> breakdowns;

  bool has_ideal() const;
  /// Of a cell's mean loss; none where the text's bytes or words are not known. An <unk> counts as
  /// a word, as word-level perplexities have it; bits per byte spell out what it stands for.
  std::optional<double> bits_per_byte(const Cell& cell) const;
  std::optional<double> perplexity_per_word(const Cell& cell) const;
};

/// The exact reader's losses as the runs' records have them. UserError where two differ.
void add_ideal(TextComparison& comparison, const std::vector<RunRecord>& runs);

/// compare_runs, with the ideal. UserError as these say.
TextComparison compare_texts(std::vector<RunRecord> runs, const ComparisonRequest& request = {});

}  // namespace lengthwise
