#pragma once

#include <string>

#include "experiment/run_grid.h"
#include "training/progress.h"

namespace lengthwise {

/// Shows a training run on standard error, which leaves standard output to answers: one line that
/// is written over on a terminal, a line a report elsewhere.
void show_training(const TrainingProgress& progress);

/// Where files were written and, on standard error, what of them was left out; empty: nothing.
void show_written(const fs::path& folder, const std::string& left_out);

/// Shows a grid on standard error: on a terminal a line for each run at work and one for the whole,
/// redrawn in place; elsewhere a line when a run changes its state, and one for the whole every
/// half minute.
class GridDisplay {
 public:
  GridDisplay();
  void show(const GridReport& report);

 private:
  void redraw(const GridReport& report);
  void print_changes(const GridReport& report);

  bool terminal_;
  size_t lines_drawn_ = 0;
  double next_summary_seconds_ = 30;
  std::vector<GridProgress::State> states_;
};

}  // namespace lengthwise
