#pragma once

#include "data/dataset.h"
#include "experiment/config.h"
#include "model/transformer.h"
#include "training/checkpoint.h"

namespace lengthwise {

/// What a checkpoint's header says: the options of model and position, the vocabulary, the corpus.
Metadata model_metadata(const Config& config, const Dataset& dataset);

/// A trained model with the weights of a checkpoint, put together as `measured` says: its position
/// options and its attention window may differ from those it was trained with. UserError where the
/// file is of another model, vocabulary or corpus, or the change is none its weights can take.
Transformer load_model(const fs::path& checkpoint, const Config& trained, const Config& measured,
                       const Dataset& dataset);

/// UserError where weights trained under one scheme have no meaning under the other, or where the
/// scheme that is measured does not read an option that is changed.
void check_changes(const Config& trained, const Config& measured);

/// What `measured` changes of `trained`, with its draws of positions where there are several:
/// "position.scheme=none model.window=64"; empty: nothing.
std::string variant_of(const Config& trained, const Config& measured);

/// `path` was made on other tokens than the config's data now give.
[[noreturn]] void refuse_other_corpus(const fs::path& path, const Dataset& dataset);

}  // namespace lengthwise
