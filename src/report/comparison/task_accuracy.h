#pragma once

#include <string>

#include "report/comparison/task_comparison.h"

namespace lengthwise {

/// Wilson's interval (1927) of a share found in `count` independent trials: it stays within 0 ... 1
/// and does not shrink to nothing where all or none succeed.
Interval wilson_interval(double share, double count);

/// Newcombe's interval (1998, Statistics in Medicine 17:2635, method 8) of the difference of two
/// shares found in the same `count` trials, whose outcomes correlate.
Interval paired_difference_interval(double share, double other, double correlation, double count);

/// Reads the stored answers of a comparison of a task and adds every cell's accuracy; the best of a
/// column is then the highest accuracy as printed, in percent with one decimal. An interval is
/// Wilson's over the examples; with several seeds it also holds the one by resampling seeds and
/// examples (report/statistics/bootstrap.h), which alone would be empty where all are right. What a
/// cell is behind the best of its column has Newcombe's interval, widened likewise. UserError where
/// a file is missing or damaged, or a task's files at one length are not of the same examples.
void add_task_accuracy(TaskComparison& comparison);

/// "98.4": percent with one decimal.
std::string format_percent(double share);

}  // namespace lengthwise
