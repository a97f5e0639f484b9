#include "experiment/imported_weights.h"

#include <chrono>
#include <nlohmann/json.hpp>

#include "base/error.h"

namespace lengthwise {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kFormat = "lengthwise imported weights";
constexpr int64_t kFormatVersion = 1;

int64_t modified_ns(const fs::path& path) {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             fs::last_write_time(path).time_since_epoch())
      .count();
}

ImportedWeights from_json(const Json& json) {
  ImportedWeights weights;
  json.at("family").get_to(weights.family);
  json.at("vocabulary_size").get_to(weights.vocabulary_size);
  json.at("config_sha256").get_to(weights.config_sha256);
  for (const Json& file : json.at("files")) {
    weights.files.push_back({file.at("path").get<std::string>(), file.at("bytes"),
                             file.at("modified_ns"), file.at("sha256")});
  }
  if (weights.files.empty() || weights.vocabulary_size < 1) throw std::out_of_range("files");
  return weights;
}

/// By size and time, else by its hash: hashing a large checkpoint takes longer than a short text.
void require_unchanged(const ImportedWeights::File& file, const fs::path& record) {
  const std::string path = file.path.string();
  if (!fs::is_regular_file(file.path)) {
    fail("{}: names {}, which is not there; put it back, or import again into another run.folder",
         record.string(), path);
  }
  const bool same_size = static_cast<int64_t>(fs::file_size(file.path)) == file.bytes;
  if (same_size && modified_ns(file.path) == file.modified_ns) return;
  if (same_size && sha256_of_file(file.path) == file.sha256) return;
  fail(
      "{}: {} has changed since it was imported; put it back, or import it into another run.folder",
      record.string(), path);
}

}  // namespace

bool is_imported(const fs::path& run_folder) {
  return fs::exists(run_folder / kImportedWeights);
}

void write_imported_weights(const fs::path& run_folder, const ImportedWeights& weights) {
  Json json = {{"format", kFormat},
               {"format_version", kFormatVersion},
               {"family", weights.family},
               {"vocabulary_size", weights.vocabulary_size},
               {"config_sha256", weights.config_sha256},
               {"files", Json::array()}};
  for (const ImportedWeights::File& file : weights.files) {
    json["files"].push_back({{"path", file.path.string()},
                             {"bytes", file.bytes},
                             {"modified_ns", file.modified_ns},
                             {"sha256", file.sha256}});
  }
  write_file(run_folder / kImportedWeights,
             json.dump(1, ' ', false, Json::error_handler_t::replace) + '\n');
}

ImportedWeights read_imported_weights(const fs::path& run_folder) {
  const fs::path path = run_folder / kImportedWeights;
  const Json json = Json::parse(read_file(path), nullptr, /*allow_exceptions=*/false);
  ImportedWeights weights;
  try {
    if (json.at("format") != kFormat || json.at("format_version") != kFormatVersion) {
      throw std::out_of_range("format");
    }
    weights = from_json(json);
  } catch (const nlohmann::json::exception&) {
    fail("{}: corrupted; import again into another run.folder", path.string());
  } catch (const std::out_of_range&) {
    fail("{}: corrupted; import again into another run.folder", path.string());
  }
  for (ImportedWeights::File& file : weights.files) {
    if (file.path.is_relative()) file.path = run_folder / file.path;
    require_unchanged(file, path);
  }
  return weights;
}

ImportedWeights::File describe_weight_file(const fs::path& path) {
  return {path, static_cast<int64_t>(fs::file_size(path)), modified_ns(path), sha256_of_file(path)};
}

}  // namespace lengthwise
