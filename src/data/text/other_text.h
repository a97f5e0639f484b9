#pragma once

#include <string>

#include "data/text/manifest.h"
#include "data/text/stored_vocabulary.h"

namespace lengthwise {

/// Text that an existing vocabulary turns into tokens, for a run to be measured on: weights belong
/// to a vocabulary, not to a corpus.
struct OtherText {
  std::string split;   // "train", "valid" or "test": what it is measured as
  std::string path;    // a file, or a folder of one document a file ...
  std::string folder;  // ... or, where this is set, a prepared folder that has the split
};

/// A folder that holds the split's tokens, and the manifest there.
struct PreparedText {
  fs::path folder;
  Manifest manifest;
};

/// Prepares the text, in prepared/<text>-<vocabulary>-<8 digits>, which tell apart vocabularies and
/// contents of texts, unless that is done; or opens the prepared folder. UserError for text that
/// cannot be read, and for a folder without the split, or of another vocabulary.
PreparedText prepare_other_text(const StoredVocabulary& vocabulary, const OtherText& text);

}  // namespace lengthwise
