#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "report/records.h"

namespace lengthwise {

/// What was measured, apart from the length. Perplexities of two measurements never share a table.
struct Measurement {
  std::string split, protocol;
  int64_t stride = 0;  // targets a window; 0: as many as the window is long (non_overlapping)

  auto operator<=>(const Measurement&) const = default;
};

/// "test split, sliding windows of stride 64"
std::string describe(const Measurement& measurement);

/// The different measurements among the evaluations, in order.
std::vector<Measurement> measurements(const std::vector<RunRecord>& runs);

/// A row at one eval_length. No seed measured and no limit: blank.
struct Cell {
  std::vector<double> nats_per_token;        // a seed each
  std::optional<int64_t> beyond_max_length;  // the scheme's limit where the length exceeds it
  double tokens_per_second = 0;              // the mean over seeds
  double peak_memory_mib = 0;                // the largest
  bool best = false;                         // the lowest perplexity of its column, as printed

  bool measured() const { return !nats_per_token.empty(); }
  double mean_nats_per_token() const;
  double mean_perplexity() const;
  /// The sample standard deviation of the seeds' perplexities; none below two seeds.
  std::optional<double> perplexity_deviation() const;
  double least_perplexity() const;
  double greatest_perplexity() const;
};

/// The runs that differ in nothing but their seed, measured as trained or in one variant.
struct Row {
  std::string scheme;
  std::string variant;  // EvaluationRecord::variant
  int64_t scheme_order = 0, train_length = 0, seeds = 0;
  std::vector<Cell> cells;  // one an eval_length

  /// "rotary", or "rotary with position.rotary.base=1e6".
  std::string label() const;
};

/// Runs side by side on the same tokens of the same corpus.
struct Comparison {
  std::string corpus;
  Measurement measurement;
  int64_t tokens = 0;  // scored at every length, in every run
  std::vector<int64_t> eval_lengths;
  std::vector<Row> rows;                          // by scheme_order, then train_length
  std::vector<std::optional<double>> ideal_nats;  // nats a token of the exact reader, by length
  std::vector<std::string> notes;                 // what a reader of the table must know

  bool has_ideal() const;
};

/// Groups runs by scheme and train_length. `only` chooses a measurement where the runs have
/// several. UserError, naming both sides, for runs of different corpora, measurements or scored
/// tokens, for runs of one group that are no seeds of one experiment, and for a run without
/// evaluation.
Comparison compare_runs(std::vector<RunRecord> runs, std::optional<Measurement> only = {});

/// A perplexity with four significant digits, and two decimals at least under 100.
std::string format_perplexity(double perplexity);
/// 65536 as "65,536".
std::string format_count(int64_t count);

}  // namespace lengthwise
