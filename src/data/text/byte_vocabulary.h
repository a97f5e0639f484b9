#pragma once

#include "data/text/vocabulary.h"

namespace lengthwise {

/// The 256 bytes, each its own token: nothing to train, nothing unknown, no start token.
std::unique_ptr<Vocabulary> train_byte_vocabulary(const std::vector<fs::path>& documents,
                                                  int64_t size);
std::unique_ptr<Vocabulary> load_byte_vocabulary(const fs::path& folder);

}  // namespace lengthwise
