#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "report/comparison/comparison.h"

namespace lengthwise {

/// So many right of all.
struct Tally {
  int64_t right = 0, all = 0;

  double share() const { return static_cast<double>(right) / static_cast<double>(all); }
};

inline constexpr size_t kTenths = 10;

/// A row's answers to a task's examples at one eval_length, computed again from the stored values.
struct TaskAccuracy {
  int64_t examples = 0;
  double accuracy = 0;           // the mean over seeds of the share of examples answered right
  Interval interval;             // 95 % of it (task_accuracy.h)
  double token_accuracy = 0;     // the same share of answer tokens
  std::vector<Tally> by_place;   // answer tokens by tenths of the prompt; empty: the task has none
  std::vector<Tally> by_answer;  // by their number in the answer
};

/// Runs side by side on the same examples of a task: how many each answers right.
struct TaskComparison : Comparison {
  explicit TaskComparison(Comparison shared);

  Grid<std::optional<TaskAccuracy>> accuracy;  // by add_task_accuracy; none: not measured
};

}  // namespace lengthwise
