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

/// A row at one eval_length, whatever is compared. No seed measured and no limit: blank.
struct Cell {
  std::vector<double> nats_per_token;        // a seed each
  std::vector<fs::path> files;               // of per-token values, a seed each
  std::optional<int64_t> beyond_max_length;  // the scheme's limit where the length exceeds it
  double tokens_per_second = 0;              // the mean over seeds
  double peak_memory_mib = 0;                // the largest
  /// By which rows are ranked, lower is better: the mean nats a token; of a task the accuracy,
  /// negated. None where nothing was measured.
  std::optional<double> rank;
  bool best = false;  // of its column, as printed: the lowest perplexity, the highest accuracy
  /// How far from the best of the column, on the same tokens or examples: nats a token above it,
  /// the share of examples right below it; not for the best itself. From the stored values.
  std::optional<Estimate> behind_best;

  bool measured() const { return !nats_per_token.empty(); }
  /// Not of the column's best itself, and only where there are intervals.
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

/// Perplexities that a paper prints for one scheme and train length, at the comparison's
/// eval_lengths; a length it does not have is empty.
struct PublishedRow {
  std::string source;  // "press2021, table-2, table-5"
  std::string scheme;
  int64_t train_length = 0;
  std::vector<std::optional<double>> perplexity;

  std::string label() const { return scheme + " (" + source + ")"; }
};

/// A value a cell: [row][column].
template <class Value>
using Grid = std::vector<std::vector<Value>>;

/// Runs side by side on the same tokens of the same corpus, or the same examples of a task: what
/// both have. What one has is in text_comparison.h and task_comparison.h.
struct Comparison {
  std::string corpus;
  Measurement measurement;
  int64_t tokens = 0;  // scored at every length, in every run; of a task at the longest
  std::vector<int64_t> eval_lengths;
  std::vector<Row> rows;                // by scheme, then train_length
  std::vector<std::string> notes;       // what a reader of the table must know
  std::vector<PublishedRow> published;  // of a text, by add_published: more curves in every figure

  std::map<fs::path, std::string> settings;  // of each run folder, as Row::settings

  /// "rotary", or "rotary, train 64" where there are several train lengths, with its variant.
  std::string label(const Row& row) const;
  /// As Row::settings.
  std::string settings_of(const RunRecord& run) const;
  /// The label of a row of this run as it was trained, without its train length.
  std::string trained_label(const RunRecord& run) const;
  bool has_training() const;  // the cost of it, in any row
  /// None for a length that nothing was measured at.
  std::optional<size_t> column_of(int64_t eval_length) const;

  template <class Value>
  Grid<Value> grid() const {
    return Grid<Value>(rows.size(), std::vector<Value>(eval_lengths.size()));
  }
};

/// Marks the best of each column anew: those that print as the lowest `score` does. A cell without
/// a score takes no part, and where all print alike nothing is best.
using CellScore = std::function<std::optional<double>(size_t row, size_t column)>;
using CellText = std::function<std::string(size_t row, size_t column)>;
void mark_best(Comparison& comparison, const CellScore& score, const CellText& print);

/// What is compared, and what only the program knows of options and schemes.
struct ComparisonRequest {
  MeasurementChoice wanted, usual;  // keep_chosen
  /// The options that make runs different runs, with their defaults: settings_of.
  std::map<std::string, std::string> settings;
  std::vector<std::string> schemes;  // rows follow this order; others come after, by name
};

/// Groups runs by scheme, settings, train_length and weights; of the runs are left the evaluations
/// that are compared. UserError, naming both sides, for runs of different scored tokens, for runs
/// of one group that are no seeds of one experiment, for a run without evaluation, and as
/// keep_chosen says.
Comparison compare_runs(std::vector<RunRecord>& runs, const ComparisonRequest& request = {});

}  // namespace lengthwise
