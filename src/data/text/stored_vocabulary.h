#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/files.h"
#include "data/text/vocabulary.h"

namespace lengthwise {

/// A vocabulary as it lies in a folder: in the prepared folder it was made for, or in a copy that a
/// run keeps. Its file alone tells what it is.
struct StoredVocabulary {
  fs::path folder;
  std::string kind;    // VocabularyKind::name
  std::string sha256;  // of its file
  std::string hash;    // Dataset::vocabulary_hash

  fs::path file() const { return folder / vocabulary_kind(kind).file; }
  std::unique_ptr<Vocabulary> load() const { return vocabulary_kind(kind).load(folder); }
};

/// UserError for a folder without a vocabulary's file, or with a damaged one.
StoredVocabulary find_vocabulary(const fs::path& folder);

/// That of this kind. UserError where its file is not there.
StoredVocabulary stored_vocabulary(const fs::path& folder, const std::string& kind);

/// Copies the file, and nothing else, into a folder that is made where it is not there; a file of
/// the same content stays as it is.
void copy_vocabulary(const StoredVocabulary& vocabulary, const fs::path& folder);

/// SHA-256 over what decides how text becomes tokens: equal hash, equal tokens of any text.
std::string stored_vocabulary_hash(std::string_view kind, std::string_view file_sha256);

}  // namespace lengthwise
