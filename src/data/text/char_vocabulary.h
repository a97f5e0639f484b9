#pragma once

#include "data/text/vocabulary.h"

namespace lengthwise {

/// The Unicode code points of the training text: <unk> is 0, then code points in rising order. A
/// code point that training did not hold is <unk>, decoded as U+FFFD. No start token. Text must be
/// UTF-8.
std::unique_ptr<Vocabulary> train_char_vocabulary(const std::vector<fs::path>& documents,
                                                  int64_t size);
std::unique_ptr<Vocabulary> load_char_vocabulary(const fs::path& folder);

}  // namespace lengthwise
