#include "checkpoints/shards.h"

#include <nlohmann/json.hpp>
#include <set>

#include "base/error.h"

namespace lengthwise {
namespace {

constexpr const char* kSingle = "model.safetensors";
constexpr const char* kIndex = "model.safetensors.index.json";

/// Name of tensor to name of file.
std::map<std::string, std::string> read_index(const fs::path& path) {
  const auto index = nlohmann::json::parse(read_file(path), nullptr, /*allow_exceptions=*/false);
  if (!index.is_object() || !index.contains("weight_map") || !index["weight_map"].is_object()) {
    fail("{}: is no index: it has no object weight_map", path.string());
  }
  std::map<std::string, std::string> files;
  for (const auto& [name, file] : index["weight_map"].items()) {
    // A forged name must not lead out of the folder.
    if (!file.is_string() || file.get<std::string>().empty() ||
        fs::path(file.get<std::string>()).filename() != file.get<std::string>()) {
      fail("{}: names no file of its folder for '{}'", path.string(), name);
    }
    files[name] = file.get<std::string>();
  }
  if (files.empty()) fail("{}: names no tensor", path.string());
  return files;
}

}  // namespace

Shards Shards::open(const fs::path& folder) {
  if (!fs::is_directory(folder)) fail("{}: is no folder", folder.string());
  if (fs::exists(folder / kSingle)) return of_files({folder / kSingle});
  const fs::path index = folder / kIndex;
  if (!fs::exists(index)) {
    fail("{}: holds neither {} nor {}; other formats are not read, for some of them are programs",
         folder.string(), kSingle, kIndex);
  }
  const auto named = read_index(index);
  std::set<std::string> names;
  for (const auto& [tensor, file] : named) names.insert(file);
  std::vector<fs::path> files;
  for (const std::string& name : names) {
    if (!fs::exists(folder / name)) {
      fail("{}: names {}, which is not there", index.string(), name);
    }
    files.push_back(folder / name);
  }
  Shards shards = of_files(files);
  for (const auto& [tensor, file] : named) {
    const auto found = shards.tensors_.find(tensor);
    if (found == shards.tensors_.end() || found->second.file->path() != folder / file) {
      fail("{}: says that '{}' is in {}, which does not hold it", index.string(), tensor, file);
    }
  }
  return shards;
}

Shards Shards::of_files(const std::vector<fs::path>& files) {
  Shards shards;
  for (const fs::path& file : files) shards.add(file);
  return shards;
}

void Shards::add(const fs::path& path) {
  const auto file = std::make_shared<const SafetensorsFile>(path);
  files_.push_back(path);
  for (const auto& [name, array] : file->arrays()) {
    const auto [known, is_new] = tensors_.emplace(name, StoredTensor{file, &array});
    if (!is_new) {
      fail("{}: holds '{}', which {} holds too", path.string(), name,
           known->second.file->path().string());
    }
  }
}

}  // namespace lengthwise
