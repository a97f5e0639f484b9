#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "report/records/records.h"

namespace lengthwise {

/// What was measured, apart from the length, the weights and what was changed in them. Perplexities
/// of two measurements never share a table.
struct Measurement {
  std::string text;                                     // EvaluationRecord::text, a hash
  std::string split, protocol, documents, first_token;  // as EvaluationRecord's
  int64_t stride = 0;                                   // 0: as many targets as a window is long
  int64_t window_targets = 0;                           // 0: as many as the stride
  int64_t skipped_targets = 0;
  int64_t max_tokens = 0;  // 0: all of the split
  int64_t examples = 0;    // of a task, at each length; 0: no task

  auto operator<=>(const Measurement&) const = default;
};

Measurement measurement_of(const EvaluationRecord& record);

/// "test split, sliding windows, stride 64, documents separate, first token none"
std::string describe(const Measurement& measurement);

/// The different measurements among what was measured, in order.
std::vector<Measurement> measurements(const std::vector<RunRecord>& runs);

/// What is wanted of the measurements that runs hold; what is not set may be anything.
struct MeasurementChoice {
  std::optional<std::string> text;  // EvaluationRecord::corpus, or how its hash begins
  std::optional<std::string> split, protocol, first_token;
  std::optional<std::string> weights;  // EvaluationRecord::weights
  std::optional<int64_t> stride, window_targets, max_tokens, examples;
  std::vector<int64_t> lengths;  // empty: all
};

/// Keeps the evaluations of one measurement, and of each run's weights those of the newest
/// checkpoint; -> the measurement. Where the runs hold several, what is `wanted` chooses. Of those
/// left, the ones are taken, step by step and where there are any, that are of the text the runs
/// were trained on; that are as `usual` says; that scored most of the split; that have most
/// lengths. `notes` gets a line for what else there is, and for each run that was not measured so.
/// UserError, with all there are and how each is named, where nothing fits or several are left.
Measurement keep_chosen(std::vector<RunRecord>& runs, const MeasurementChoice& wanted,
                        const MeasurementChoice& usual, std::vector<std::string>& notes);

}  // namespace lengthwise
