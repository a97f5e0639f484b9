#pragma once

#include <optional>
#include <vector>

#include "experiment/config.h"
#include "report/comparison/comparison.h"

namespace lengthwise {

/// The measurement of the runs that [evaluation] names: split, protocol and counting, and of the
/// stride, the last targets and the first token those that are set. None is named where the runs
/// hold only one. UserError with all there are where nothing fits, or more than one.
std::optional<Measurement> choose_measurement(const std::vector<RunRecord>& runs,
                                              const EvaluationOptions& options);

/// The runs on the measurement chosen, with all that their stored values say and the published
/// numbers that [experiment] names.
Comparison compare_finished(const std::vector<RunRecord>& runs, const Config& config);

}  // namespace lengthwise
