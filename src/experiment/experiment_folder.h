#pragma once

#include "experiment/config.h"

namespace lengthwise {

/// Where an experiment's comparison is written: experiment.results, or "comparison" in its folder.
fs::path results_folder(const GridOptions& options);

/// UserError where the experiment cannot live in experiment.folder: it holds what no experiment
/// wrote, a run's own folder belongs to other options, or the results would stand among the runs.
/// Writes nothing.
void check_experiment_folder(const Config& config);

/// Makes the folder ours, after the check.
void claim_experiment_folder(const GridOptions& options);

}  // namespace lengthwise
