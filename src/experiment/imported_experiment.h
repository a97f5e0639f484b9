#pragma once

#include "experiment/config.h"

namespace lengthwise {

/// The config of an experiment on one imported run, experiment.imported, in the place of a grid of
/// runs to train: its model, its scheme and its vocabulary, and the texts and measurements that the
/// experiment names. As it is where none is named. UserError where the run is not imported, or the
/// experiment names alternatives, which would have to be trained.
Config with_imported_run(const Config& config);

/// Puts the imported run into the folder of an experiment's run, with the experiment's config; its
/// weights stay where they are. UserError where the folder holds other weights.
void place_imported_run(const fs::path& imported, const Config& config);

}  // namespace lengthwise
