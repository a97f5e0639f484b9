#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace lengthwise {

struct TrainingOptions;

/// The learning rate of step 0 ... steps-1: a pure function, so a resumed run needs no state of it.
/// Linear from 0 over warmup_steps, then "constant", or "cosine" down to final_learning_rate of it
/// (Loshchilov and Hutter 2017, 1608.03983).
double learning_rate_at(const TrainingOptions& options, int64_t step);

std::vector<std::string> schedule_names();

}  // namespace lengthwise
