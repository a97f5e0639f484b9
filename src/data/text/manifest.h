#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/files.h"
#include "data/text/source_files.h"
#include "data/unknown_tokens.h"

namespace lengthwise {

inline constexpr std::string_view kManifestFile = "manifest.json";

/// A file of a prepared folder, with what it must hash to.
struct PreparedFile {
  std::string name;
  std::string sha256;
};

/// One split of a prepared folder: where its text came from, and how much of it there is.
struct PreparedSplit {
  std::string name;  // "train", "valid" or "test"
  std::string path;  // as the option gave it; for people, never compared
  int64_t documents = 0, tokens = 0, bytes = 0, words = 0;
  PreparedFile file;
  std::vector<SourceFile> sources;
  std::vector<std::string> also_in_train;  // of the sources, those the training split has too
  /// Of each document; none where an older version prepared the folder and did not count them.
  std::optional<std::vector<UnknownTokens>> unknown;

  int64_t unknown_tokens() const;  // of all documents
};

/// manifest.json of a prepared folder: everything that decided its tokens, and what they are.
struct Manifest {
  std::string vocabulary;             // the options data.vocabulary ...
  int64_t vocabulary_size_asked = 0;  // ... and data.vocabulary_size
  int64_t vocabulary_size = 0;        // tokens it has
  std::optional<int64_t> start_token;
  PreparedFile vocabulary_file;
  std::vector<PreparedSplit> splits;  // those given, in the order train, valid, test

  const PreparedSplit* split(std::string_view name) const;  // nullptr where absent
  std::string split_names() const;                          // "train, test"
  /// Dataset::vocabulary_hash.
  std::string vocabulary_hash() const;
};

void write_manifest(const fs::path& folder, const Manifest& manifest);

/// UserError where the folder has no manifest, or one of another format, or a damaged one.
Manifest read_manifest(const fs::path& folder);

}  // namespace lengthwise
