#pragma once

#include "data/dataset.h"
#include "experiment/config.h"

namespace lengthwise {

/// What a run keeps of the text it is trained on, so that it can be measured on any other: its
/// vocabulary, and how often each token type occurs (vocabulary/ in the run folder). Of text alone.
void keep_vocabulary(const fs::path& run_folder, const Dataset& dataset);

/// What a run is measured on, and how often its token types occur in training (empty: not known).
struct MeasuredData {
  Dataset dataset;
  std::vector<int64_t> train_counts;
};

/// The run's own data as they were in training; or any text of its vocabulary: what `config` names
/// otherwise than `trained` does in data.<split> or data.folder, or a text of its own that has
/// changed since. UserError where the vocabulary is another, or is lost with the prepared text.
MeasuredData open_measured_data(const fs::path& run_folder, const Config& trained,
                                const Config& config);

}  // namespace lengthwise
