#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace lengthwise {

class OptionSet;

/// [experiment]: a question, and the grid of runs that answers it.
struct GridOptions {
  std::string question;
  std::vector<std::string> schemes;
  std::vector<int64_t> train_lengths;
  std::vector<int64_t> seeds;
  /// Options as the runs have them besides: "position.alibi.bias_max=12", or several with ':'
  /// between. A scheme that does not read one is left out of it.
  std::vector<std::string> alternatives;
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
  std::string alternative{};  // empty: the options as they stand
};

/// Seeds vary slowest, so that the first whole comparison is there as early as can be.
std::vector<GridRun> grid_runs(const GridOptions& options);

/// "position.alibi.bias_max" and "12", of each option of an alternative; UserError where it is no
/// such text, or names what no alternative may: the grid's own axes, and what is not [model],
/// [position] or [training].
std::vector<std::pair<std::string, std::string>> options_of(const std::string& alternative);

/// "alibi-L64-seed1", "alibi-position.alibi.bias_max=12-L64-seed1"
std::string run_name(const GridRun& run);

}  // namespace lengthwise
