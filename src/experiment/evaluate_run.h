#pragma once

#include <functional>

#include "data/dataset.h"
#include "experiment/config.h"
#include "report/records/records.h"

namespace lengthwise {

/// UserError where the split is not there or has no window of the longest length, or the task no
/// example of some length.
void check_evaluation_data(const Config& config, const Dataset& dataset);

/// Measures the run in `folder`, trained as its own config says, as `config` says: with other
/// position options or another attention window, if it likes, at every length of the evaluation
/// options, stores the per-token values and a line each, and skips what is already there for the
/// same weights and tokens. `report` sees each record, new or found.
void evaluate_run(const fs::path& folder, const Config& trained, const Config& config,
                  const std::function<void(const EvaluationRecord&, bool found)>& report);

}  // namespace lengthwise
