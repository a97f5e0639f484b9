#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/number_text.h"
#include "report/comparison/measurement.h"
#include "report/records/records.h"
#include "report/statistics/bootstrap.h"

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

/// So many right of all.
struct Tally {
  int64_t right = 0, all = 0;

  double share() const { return static_cast<double>(right) / static_cast<double>(all); }
};

inline constexpr size_t kTenths = 10;

/// The answers of a row to a task's examples, computed again from the stored values.
struct TaskAccuracy {
  int64_t examples = 0;
  double accuracy = 0;           // the mean over seeds of the share of examples answered right
  Interval interval;             // 95 % of it (report/comparison/task_accuracy.h)
  double token_accuracy = 0;     // the same share of answer tokens
  std::vector<Tally> by_place;   // answer tokens by tenths of the prompt; empty: the task has none
  std::vector<Tally> by_answer;  // by their number in the answer
};

/// A row at one eval_length. No seed measured and no limit: blank.
struct Cell {
  std::vector<double> nats_per_token;        // a seed each
  std::vector<fs::path> files;               // of per-token values, a seed each
  std::optional<int64_t> beyond_max_length;  // the scheme's limit where the length exceeds it
  double tokens_per_second = 0;              // the mean over seeds
  double peak_memory_mib = 0;                // the largest
  bool best = false;                         // the lowest perplexity of its column, as printed

  // From the stored values, by add_token_statistics.
  std::optional<Interval> nats_interval, perplexity_interval;  // of the means below
  /// Nats a token above the lowest of the column, of a task the share of examples below the
  /// highest; not for it.
  std::optional<Estimate> behind_best;
  std::optional<GapToIdeal> gap;

  std::optional<TaskAccuracy> task;  // by add_task_accuracy

  bool measured() const { return !nats_per_token.empty(); }
  /// Not of the column's lowest itself, and only where there are intervals.
  bool distinguishable_from_best() const {
    return behind_best && behind_best->interval && !behind_best->interval->holds(0);
  }
  bool tied_with_best() const;
  double mean_nats_per_token() const;
  double mean_perplexity() const;
  /// The sample standard deviation of the seeds' perplexities; none below two seeds.
  std::optional<double> perplexity_deviation() const;
  double least_perplexity() const;
  double greatest_perplexity() const;
};

/// What training took, as the runs' own records have it: on their machines, with what ran beside.
struct TrainingCost {
  double tokens_per_second = 0;  // the mean over runs
  double peak_memory_mib = 0;    // the largest, of the whole process
};

/// The runs that differ in nothing but their seed, measured as trained or in one variant.
struct Row {
  std::string scheme;
  std::string settings;  // what it was trained with: settings_of (report/records/run_options.h)
  std::string variant;   // what was changed after training: EvaluationRecord::variant
  std::string weights = "last";  // which were measured: EvaluationRecord::weights
  int64_t train_length = 0, seeds = 0;
  std::optional<TrainingCost> training;  // none where a run does not say
  std::vector<Cell> cells;               // one an eval_length

  /// "rotary", "rotary (model.heads=8), best weights", or "rotary with position.rotary.base=1e6".
  std::string label() const;
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

/// Perplexities that a paper prints for one scheme and train length, at the comparison's
/// eval_lengths; a length it does not have is empty.
struct PublishedRow {
  std::string source;  // "press2021, table-2, table-5"
  std::string scheme;
  int64_t train_length = 0;
  std::vector<std::optional<double>> perplexity;

  std::string label() const { return scheme + " (" + source + ")"; }
};

/// Runs side by side on the same tokens of the same corpus, or the same examples of a task.
struct Comparison {
  std::string corpus;
  Measurement measurement;
  int64_t tokens = 0;            // scored at every length, in every run; of a task at the longest
  int64_t bytes = 0, words = 0;  // of the text they stand for; 0: none, or not all of it was scored
  /// Of the tokens, those that stand for what the vocabulary lacks, and what spelling them out
  /// takes (data/unknown_tokens.h); none where an older version did not count them.
  std::optional<int64_t> unknown_tokens = 0;
  double spelling_nats = 0;
  std::vector<int64_t> eval_lengths;
  std::vector<Row> rows;                          // by scheme, then train_length
  std::vector<std::optional<double>> ideal_nats;  // nats a token of the exact reader, by length
  std::vector<std::string> notes;                 // what a reader of the table must know
  std::vector<PublishedRow> published;            // by add_published

  std::map<fs::path, std::string> settings;  // of each run folder, as Row::settings

  // From the stored values, by add_token_statistics.
  int64_t train_tokens = 0;                // of the training split
  std::string blocks;                      // what was resampled, or why nothing was
  std::vector<RowDifference> differences;  // every pair of rows at every length
  std::vector<Breakdown> breakdowns;

  /// "rotary", or "rotary, train 64" where there are several train lengths, with its variant.
  std::string label(const Row& row) const;
  /// As Row::settings.
  std::string settings_of(const RunRecord& run) const;
  /// The label of a row of this run as it was trained, without its train length.
  std::string trained_label(const RunRecord& run) const;
  bool has_ideal() const;
  bool has_training() const;  // the cost of it, in any row
  /// Of a cell's mean loss; none where the text's bytes or words are not known. An <unk> counts as
  /// a word, as word-level perplexities have it; bits per byte spell out what it stands for.
  std::optional<double> bits_per_byte(const Cell& cell) const;
  std::optional<double> perplexity_per_word(const Cell& cell) const;
};

/// Marks the best of each column anew: those that print as the lowest `score` does. A cell without
/// a score takes no part, and where all print alike nothing is best.
void mark_best(Comparison& comparison,
               const std::function<std::optional<double>(const Cell&)>& score,
               const std::function<std::string(const Cell&)>& print);

/// What is compared, and what only the program knows of options and schemes.
struct ComparisonRequest {
  MeasurementChoice wanted, usual;  // keep_chosen
  /// The options that make runs different runs, with their defaults: settings_of.
  std::map<std::string, std::string> settings;
  std::vector<std::string> schemes;  // rows follow this order; others come after, by name
};

/// Groups runs by scheme, settings, train_length and weights; what needs the value of every token
/// is added by add_token_statistics. UserError, naming both sides, for runs of different scored
/// tokens, for runs of one group that are no seeds of one experiment, for a run without evaluation,
/// and as keep_chosen says.
Comparison compare_runs(std::vector<RunRecord> runs, const ComparisonRequest& request = {});

}  // namespace lengthwise
