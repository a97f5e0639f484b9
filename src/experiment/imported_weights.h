#pragma once

#include <string>
#include <vector>

#include "base/files.h"

namespace lengthwise {

/// Where the weights of an imported run are: imported.json of its folder, in the place of a
/// checkpoint that training writes.
struct ImportedWeights {
  struct File {
    fs::path path;  // absolute; of a copy, relative to the run folder
    int64_t bytes = 0, modified_ns = 0;
    std::string sha256;
  };

  std::string family;           // FamilyEntry::name
  int64_t vocabulary_size = 0;  // rows of the embedding: at least as many as the tokenizer has
  std::string config_sha256;    // of the config.json that was read
  std::vector<File> files;
};

inline constexpr const char* kImportedWeights = "imported.json";

/// Whether the run was imported and not trained.
bool is_imported(const fs::path& run_folder);

void write_imported_weights(const fs::path& run_folder, const ImportedWeights& weights);
/// With paths that can be opened. UserError where imported.json is damaged, or a file that it names
/// is gone or has changed since.
ImportedWeights read_imported_weights(const fs::path& run_folder);

/// Size, time and hash of a file as it is.
ImportedWeights::File describe_weight_file(const fs::path& path);

}  // namespace lengthwise
