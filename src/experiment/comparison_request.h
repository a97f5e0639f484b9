#pragma once

#include <functional>
#include <string>

#include "experiment/config.h"
#include "report/comparison/comparison.h"

namespace lengthwise {

/// What [evaluation] says of the measurements to show: the options that `is_given` names, and the
/// others' defaults as what is usual.
ComparisonRequest comparison_request(const Config& config,
                                     const std::function<bool(const std::string&)>& is_given);

}  // namespace lengthwise
