#pragma once

#include "data/dataset.h"
#include "experiment/config.h"
#include "model/transformer.h"
#include "training/checkpoint.h"

namespace lengthwise {

/// What the header of a checkpoint and of a state says: every option that decides the weights and
/// is read, what the files hold that options name ("position.rotary_longrope.factors.sha256"), the
/// vocabulary, the corpus. Of options that a file does not name, as it is older than they are, it
/// had the defaults' effect.
Identity model_identity(const Config& config, const Dataset& dataset);

/// A trained model with the weights of a checkpoint, put together as `measured` says: its position
/// options and its attention window may differ from those it was trained with. UserError where the
/// file is of another model or vocabulary, or the change is none its weights can take.
Transformer load_model(const fs::path& checkpoint, const Config& trained, const Config& measured,
                       const Dataset& dataset);

/// The same of an imported run, whose weights stay mapped where they are. UserError where they are
/// gone or have changed, or the text has more tokens than the model.
Transformer load_imported_model(const fs::path& run_folder, const Config& trained,
                                const Config& measured, const Dataset& dataset);

/// UserError where weights trained under one scheme have no meaning under the other, or where the
/// scheme that is measured does not read an option that is changed.
void check_changes(const Config& trained, const Config& measured);

/// What `measured` changes of `trained`, with its draws of positions where there are several:
/// "position.scheme=none model.window=64"; empty: nothing. A file's name brings its content's hash.
std::string variant_of(const Config& trained, const Config& measured);

}  // namespace lengthwise
