#pragma once

#include "report/comparison/task_comparison.h"
#include "report/figures/chart.h"

namespace lengthwise {

/// The share of a task's examples answered right against eval_length, the band its 95 % interval,
/// and as a second view that of answer tokens. After add_task_accuracy.
LineChart accuracy_chart(const TaskComparison& comparison);

}  // namespace lengthwise
