#pragma once

#include <atomic>
#include <functional>
#include <string>
#include <vector>

#include "experiment/config.h"

namespace lengthwise {

/// One run of the grid on its way through training and evaluation.
struct GridProgress {
  enum class State { waiting, training, evaluating, done, failed, stopped };

  std::string name;
  fs::path folder;
  State state = State::waiting;
  int64_t step = 0, steps = 0;
  double nats_per_token = 0;  // of the last logged step; 0 before
  int64_t lengths_measured = 0, lengths = 0;
  std::string failure;  // the line it failed with

  /// Part of its work that is done, 0 ... 1.
  double fraction() const;
};

struct GridReport {
  const std::vector<GridProgress>& runs;
  double seconds, seconds_left;  // of the whole; seconds_left < 0: not known yet
};

/// Trains and evaluates every run of the config's grid, `jobs` at a time, each as a process of this
/// program with run.threads threads. What is finished is skipped and what was begun goes on. A run
/// that fails is marked and the others go on. `report` is called several times a second, and at the
/// end.
std::vector<GridProgress> run_grid(const Config& config,
                                   const std::function<void(const GridReport&)>& report,
                                   const std::atomic<bool>& stop);

}  // namespace lengthwise
