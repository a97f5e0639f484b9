#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/files.h"
#include "report/comparison/comparison.h"
#include "report/figures/chart.h"

namespace lengthwise {

/// A line of train.jsonl.
struct TrainingLogLine {
  int64_t step = 0;
  double nats_per_token = 0;  // mean over the steps since the last line
  std::optional<double> validation_nats_per_token;
};

/// The folder's train.jsonl in the order of steps: of two lines of one step, as a run that was
/// interrupted leaves them, the later. An unfinished last line is left out, and none is read where
/// there is no file. UserError, naming file and line, for anything else that is no such line.
std::vector<TrainingLogLine> read_training_log(const fs::path& run_folder);

/// Loss against step, a series for the runs that differ by their seed alone: the mean over seeds of
/// the steps that all of them logged, and the band from the lowest to the highest. A second view
/// holds the validation loss where a run has one. Runs without a log are left out.
LineChart training_chart(const Comparison& comparison, const std::vector<RunRecord>& runs);

}  // namespace lengthwise
