#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace lengthwise {

class OptionSet;

/// [experiment]: a question, and the grid of runs that answers it.
struct GridOptions {
  std::string question;
  std::vector<std::string> schemes;
  std::vector<int64_t> train_lengths;
  std::vector<int64_t> seeds;
  std::string folder = "runs/experiment";
  std::string results;
  std::vector<std::string> published;
  int64_t jobs = 2;

  void declare(OptionSet& options);
  void validate() const;
};

/// A point of the grid.
struct GridRun {
  std::string scheme;
  int64_t train_length, seed;
};

/// Seeds vary slowest, so that the first whole comparison is there as early as can be.
std::vector<GridRun> grid_runs(const GridOptions& options);

/// "alibi-L64-seed1"
std::string run_name(const std::string& scheme, int64_t train_length, int64_t seed);

}  // namespace lengthwise
