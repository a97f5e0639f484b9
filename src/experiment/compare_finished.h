#pragma once

#include <functional>
#include <string>
#include <vector>

#include "experiment/config.h"
#include "report/comparison/comparison.h"

namespace lengthwise {

/// What [evaluation] says of the measurements to show: the options that `is_given` names, and the
/// others' defaults as what is usual.
ComparisonRequest comparison_request(const Config& config,
                                     const std::function<bool(const std::string&)>& is_given);

/// The runs on the measurement chosen, with all that their stored values say and the published
/// numbers that [experiment] names.
Comparison compare_finished(const std::vector<RunRecord>& runs, const Config& config,
                            const ComparisonRequest& request);

}  // namespace lengthwise
