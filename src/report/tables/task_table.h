#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "report/comparison/task_comparison.h"
#include "report/tables/marked_table.h"

namespace lengthwise {

/// Tables of a comparison of a task, after add_task_accuracy: a row a scheme and train_length, a
/// column an eval_length, a cell the accuracy in percent, the mean over seeds, with its 95 %
/// interval; "–" beyond the scheme's limit, blank where nothing was measured. Where answers have
/// several tokens, a second table gives the share of answer tokens that are right.
std::string terminal_task_table(const TaskComparison& comparison);
std::string markdown_task_table(const TaskComparison& comparison);

/// The first table for other renderings, and the lines under it, as in report/tables/table.h.
std::string task_title_line(const TaskComparison& comparison);
std::vector<std::vector<TableCell>> task_table_cells(const TaskComparison& comparison);
std::vector<std::string> task_explanations(const TaskComparison& comparison,
                                           std::string_view best_mark);

/// A line a cell that is not blank: accuracies from 0 to 1 at full precision.
std::string task_csv(const TaskComparison& comparison);

/// A line a cell and tenth of the prompt ("place", where the task has places) or token of the
/// answer ("answer"): how many answer tokens of all seeds there were, and how many were right.
std::string task_places_csv(const TaskComparison& comparison);

}  // namespace lengthwise
