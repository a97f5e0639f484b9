#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/files.h"
#include "report/records/records.h"

namespace lengthwise {

/// What a run was made with: its config.ini as "model.width" to "64". Empty where there is no such
/// file.
std::map<std::string, std::string> read_run_options(const fs::path& run_folder);

/// How the runs of one scheme differ besides train length and seed, a text for each run:
/// "model.heads=8 position.alibi.bias_max=12". Named are those of `settings` (names and defaults of
/// the options that decide weights) and the corpora trained on that are not the same in all runs of
/// its scheme, but for values that more than half of all runs have.
std::vector<std::string> settings_of(const std::vector<RunRecord>& runs,
                                     const std::map<std::string, std::string>& settings);

/// An option that is not the same in all runs: each value with the runs that have it.
struct OptionDifference {
  std::string name;
  std::map<std::string, std::vector<std::string>> runs_by_value;  // names of run folders
};

/// By name; run.folder, which always differs, is left out. Runs without a config.ini count for
/// nothing.
std::vector<OptionDifference> option_differences(const std::vector<RunRecord>& runs);

/// What all runs have in common, as a config file.
std::string common_options(const std::vector<RunRecord>& runs);

}  // namespace lengthwise
