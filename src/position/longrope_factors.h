#pragma once

#include <cstdint>
#include <vector>

#include "base/files.h"

namespace lengthwise {

/// By what LongRoPE divides the frequency of each rotary pair, from the fastest pair to the
/// slowest.
struct LongropeFactors {
  std::vector<double> short_factors;  // up to the original length
  std::vector<double> long_factors;   // beyond it
};

/// Reads them from JSON, {"short_factor": [...], "long_factor": [...]}, also where these stand
/// under "rope_scaling" or "rope_parameters" as in the config.json of a published model; or from
/// text of two lines:
///   short_factor 1 1.02 1.05
///   long_factor 1 1.3 4
/// Each list must hold `pairs` positive numbers. UserError names the file and what is wrong.
LongropeFactors read_longrope_factors(const fs::path& path, int64_t pairs);

}  // namespace lengthwise
