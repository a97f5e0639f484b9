#pragma once

#include <optional>

#include "report/comparison/task_comparison.h"
#include "report/figures/chart.h"

namespace lengthwise {

/// The share of one row's answer tokens that are right, by eval_length and by the place of what is
/// asked for, in tenths of the prompt; none where the task has no places.
std::optional<HeatMap> map_by_place(const TaskComparison& comparison, size_t row);
/// By tenths of the answer; none where every answer is one token.
std::optional<HeatMap> map_by_answer(const TaskComparison& comparison, size_t row);

}  // namespace lengthwise
