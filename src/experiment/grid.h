#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace lengthwise {

class OptionSet;
struct Config;

/// [experiment]: a question, and the grid of runs that answers it.
struct GridOptions {
  std::string question;
  std::string imported;  // a run folder, in the place of the grid
  std::vector<std::string> schemes;
  std::vector<int64_t> train_lengths;
  std::vector<int64_t> seeds;
  /// Options as the runs have them besides: "position.alibi.bias_max=12", or several with ':'
  /// between. A scheme that does not read one is left out of it.
  std::vector<std::string> alternatives;
  /// What is changed after training, in the same form, and measured besides: "model.window=64". A
  /// run that cannot take a change, or does not read it, is not measured with it.
  std::vector<std::string> changes;
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

/// Every run, an alternative where the run reads all its options. Seeds vary slowest, so that the
/// first whole comparison is there as early as can be.
std::vector<GridRun> grid_runs(const Config& config);

/// The config as `train` sees it for one run of the grid.
Config run_config(const Config& config, const GridRun& run);

/// A run's config with a change of experiment.changes; "": as it is.
Config changed_config(const Config& trained, const std::string& change);

/// The changes that the run is measured with besides.
std::vector<std::string> changes_of(const Config& config, const GridRun& run);

/// UserError unless the grid and every run of it are valid, no two are the same, and every
/// alternative and change acts on one; looks at no data. `given` are the options of the command
/// line: one that no run reads is refused.
void validate_grid(const Config& config, const std::vector<std::string>& given = {});

/// The command line's words for an alternative or a change: "--model.window=64".
std::vector<std::string> option_words(const std::string& options);

/// "alibi-L64-seed1", "alibi-position.alibi.bias_max=12-L64-seed1"
std::string run_name(const GridRun& run);

}  // namespace lengthwise
