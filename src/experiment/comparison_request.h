#pragma once

#include <functional>
#include <string>
#include <vector>

#include "experiment/config.h"
#include "report/comparison/comparison.h"

namespace lengthwise {

/// The runs' records, without the options that decide weights but were not read: they make no run
/// another run.
std::vector<RunRecord> read_runs(const std::vector<fs::path>& folders);

/// What [evaluation] says of the measurements to show: the options that `is_given` names, and the
/// others' defaults as what is usual.
ComparisonRequest comparison_request(const Config& config,
                                     const std::function<bool(const std::string&)>& is_given);

}  // namespace lengthwise
