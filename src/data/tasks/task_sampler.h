#pragma once

#include "data/tasks/task.h"
#include "data/training_windows.h"

namespace lengthwise {

/// An example of the task a window, of a length drawn uniformly from the task's shortest to the
/// train length, so that all lengths up to it are trained. Answers alone are targets; the rest of
/// the window is padded at its end.
class TaskSampler final : public TrainingWindows {
 public:
  /// UserError where the task has no example of `length` inputs.
  TaskSampler(const Task& task, int64_t length, uint64_t seed);

  void draw(int64_t index, std::span<int64_t> inputs, std::span<int64_t> targets) const override;

 private:
  const Task& task_;
  int64_t length_;
  uint64_t seed_;
};

}  // namespace lengthwise
