#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace lengthwise {

struct TrainingOptions;

/// The learning rate of step 0 ... steps-1: a pure function, so a resumed run needs no state of it.
/// Linear over warmup_steps, from 0 or from warmup_learning_rate, then "constant", or "cosine" down
/// to final_learning_rate of it, in one period or in several (Loshchilov and Hutter 2017,
/// 1608.03983; where a period falls and how the next differs as in fairseq's cosine schedule).
double learning_rate_at(const TrainingOptions& options, int64_t step);

std::vector<std::string> schedule_names();

}  // namespace lengthwise
