#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/safetensors.h"

namespace lengthwise {

/// A tensor in a mapped file, which lives as long as this does.
struct StoredTensor {
  std::shared_ptr<const SafetensorsFile> file;
  const ArrayView* array = nullptr;
};

/// The tensors of a Hugging Face folder: model.safetensors, or the shards that
/// model.safetensors.index.json names. Nothing else in the folder is opened, and nothing executed.
class Shards {
 public:
  /// UserError where there is neither, a shard is missing or damaged, or index and shards differ.
  static Shards open(const fs::path& folder);
  /// Of these files.
  static Shards of_files(const std::vector<fs::path>& files);

  const std::map<std::string, StoredTensor>& tensors() const { return tensors_; }
  const std::vector<fs::path>& files() const { return files_; }

 private:
  void add(const fs::path& path);

  std::vector<fs::path> files_;
  std::map<std::string, StoredTensor> tensors_;
};

}  // namespace lengthwise
