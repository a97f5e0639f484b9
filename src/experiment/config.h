#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "base/files.h"
#include "base/options.h"
#include "data/options.h"
#include "evaluation/options.h"
#include "experiment/grid.h"
#include "model/options.h"
#include "position/options.h"
#include "training/options.h"

namespace lengthwise {

/// [run]: where a run lives, what it may use, and how it computes.
struct RunOptions {
  std::string folder;
  int64_t threads = 1;
  std::string device = "cpu";
  std::string precision = "fp32";  // of the command at work: training's, or the measurement's
  bool slow_precision = false;
  bool dry_run = false;  // of this command alone, as the next
  std::string profile;   // of this command alone: no run folder keeps it

  void declare(OptionSet& options);
  void validate() const;
};

/// [import]: what becomes of a checkpoint's files.
struct ImportOptions {
  bool copy = false;
  std::string tokenizer = "any";

  void declare(OptionSet& options);
};

/// Every option of the program. All commands know all sections, so that one file serves them all.
struct Config {
  RunOptions run;
  DataOptions data;
  ModelOptions model;
  PositionOptions position;
  TrainingOptions training;
  EvaluationOptions evaluation;
  GridOptions grid;
  ImportOptions import;

  void declare(OptionSet& options);
  /// What a run needs; UserError names the option at fault. The grid is checked by its command.
  void validate() const;
  /// UserError where the text is not named that training validates on or `split` is of. A folder of
  /// prepared tokens says itself what it holds.
  void check_texts(const std::string& split) const;
  /// What is left to the model and the number of steps as the numbers it comes to. A run is
  /// checked, trained and stored so.
  Config resolved() const;
  /// [run] folder, or one named for the corpus, the scheme, the train length and the seed. The
  /// corpus is left out where it is the default, and where a folder without it holds this very run.
  fs::path run_folder() const;
};

/// The resolved text of all sections.
std::string config_text(const Config& config);
/// Of those that a run has: all but [experiment].
std::string run_text(const Config& config);

/// Texts by name of the options that `wanted` says.
std::vector<std::pair<std::string, std::string>> option_texts(
    const Config& config, const std::function<bool(const Option&)>& wanted);

/// Decides the weights, tokens apart: a run folder belongs to one set of their values.
bool decides_weights(const Option& option);
/// Stands in [evaluation] for `evaluate`.
bool says_how_to_measure(const Option& option);
/// May be something else in measuring than it was in training.
bool may_change_after_training(const Option& option);
/// Of [run], what every command that computes reads.
bool says_where_to_compute(const Option& option);

/// Decides the weights and is read under the values at hand.
bool is_effective(const Option& option);
/// The texts of the options that decide weights or answers and are read, a file's content in place
/// of its name. Where those of two configs are equal, so is what is trained and measured.
std::map<std::string, std::string> effective_options(const Config& config);

/// The SHA-256 of what the files hold that effective options name, by option; those that are empty
/// are left out.
std::map<std::string, std::string> named_file_hashes(const Config& config);

/// Writes the text of the scheme file that the config names into the folder, and gives the config
/// as a file of that folder says it; the config itself where its scheme is built in. From then on
/// the run is the copy's, whatever becomes of the file.
Config with_kept_scheme(Config config, const fs::path& folder);

Config read_config(const fs::path& path);

}  // namespace lengthwise
