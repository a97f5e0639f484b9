#pragma once

#include "data/dataset.h"
#include "experiment/config.h"
#include "model/transformer.h"
#include "training/checkpoint.h"

namespace lengthwise {

/// What a checkpoint's header says: the options of model and position, the vocabulary, the corpus.
Metadata model_metadata(const Config& config, const Dataset& dataset);

/// The model of a config with the weights of a checkpoint; UserError where the file is of another
/// model, vocabulary or corpus.
Transformer load_model(const fs::path& checkpoint, const Config& config, const Dataset& dataset);

/// `path` was made on other tokens than the config's data now give.
[[noreturn]] void refuse_other_corpus(const fs::path& path, const Dataset& dataset);

}  // namespace lengthwise
