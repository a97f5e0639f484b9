#include "data/manifest.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "data/stored_vocabulary.h"

namespace lengthwise {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kFormat = "lengthwise prepared text";
constexpr int64_t kFormatVersion = 1;

Json to_json(const PreparedFile& file) {
  return {{"name", file.name}, {"sha256", file.sha256}};
}

PreparedFile file_from(const Json& json) {
  PreparedFile file{json.at("name"), json.at("sha256")};
  // A forged name must not lead out of the folder.
  if (fs::path(file.name).filename() != file.name) throw std::out_of_range("file name");
  return file;
}

Json to_json(const SourceFile& source) {
  return {{"name", source.name},
          {"bytes", source.bytes},
          {"modified_ns", source.modified_ns},
          {"sha256", source.sha256}};
}

SourceFile source_from(const Json& json) {
  return {json.at("name"), json.at("bytes"), json.at("modified_ns"), json.at("sha256")};
}

Json to_json(const PreparedSplit& split) {
  Json sources = Json::array();
  for (const SourceFile& source : split.sources) sources.push_back(to_json(source));
  return {{"name", split.name},          {"path", split.path},   {"documents", split.documents},
          {"tokens", split.tokens},      {"bytes", split.bytes}, {"words", split.words},
          {"file", to_json(split.file)}, {"sources", sources}};
}

PreparedSplit split_from(const Json& json) {
  PreparedSplit split;
  json.at("name").get_to(split.name);
  json.at("path").get_to(split.path);
  json.at("documents").get_to(split.documents);
  json.at("tokens").get_to(split.tokens);
  json.at("bytes").get_to(split.bytes);
  json.at("words").get_to(split.words);
  split.file = file_from(json.at("file"));
  for (const Json& source : json.at("sources")) split.sources.push_back(source_from(source));
  return split;
}

Manifest manifest_from(const Json& json) {
  Manifest manifest;
  const Json& options = json.at("options");
  options.at("vocabulary").get_to(manifest.vocabulary);
  options.at("vocabulary_size").get_to(manifest.vocabulary_size_asked);
  json.at("vocabulary_size").get_to(manifest.vocabulary_size);
  if (!json.at("start_token").is_null())
    manifest.start_token = json.at("start_token").get<int64_t>();
  manifest.vocabulary_file = file_from(json.at("vocabulary_file"));
  for (const Json& split : json.at("splits")) manifest.splits.push_back(split_from(split));
  if (manifest.start_token.value_or(0) < 0 ||
      manifest.start_token.value_or(0) >= manifest.vocabulary_size) {
    throw std::out_of_range("start_token");
  }
  if (manifest.splits.empty()) throw std::out_of_range("splits");
  return manifest;
}

/// Whether the text begins like a manifest of ours, of whatever version.
bool has_format(const Json& json) {
  return json.is_object() && json.contains("format") && json["format"] == kFormat &&
         json.contains("format_version");
}

}  // namespace

const PreparedSplit* Manifest::split(std::string_view name) const {
  const auto found = std::ranges::find(splits, name, &PreparedSplit::name);
  return found == splits.end() ? nullptr : &*found;
}

std::string Manifest::split_names() const {
  std::string names;
  for (const PreparedSplit& split : splits) names += (names.empty() ? "" : ", ") + split.name;
  return names;
}

std::string Manifest::vocabulary_hash() const {
  return stored_vocabulary_hash(vocabulary, vocabulary_file.sha256);
}

void write_manifest(const fs::path& folder, const Manifest& manifest) {
  Json json;
  json["format"] = kFormat;
  json["format_version"] = kFormatVersion;
  json["options"] = {{"vocabulary", manifest.vocabulary},
                     {"vocabulary_size", manifest.vocabulary_size_asked}};
  json["vocabulary_size"] = manifest.vocabulary_size;
  json["start_token"] = manifest.start_token ? Json(*manifest.start_token) : Json(nullptr);
  json["vocabulary_file"] = to_json(manifest.vocabulary_file);
  json["splits"] = Json::array();
  for (const PreparedSplit& split : manifest.splits) json["splits"].push_back(to_json(split));
  // File names are the user's: what is no UTF-8 in them is replaced rather than thrown over.
  write_file(folder / kManifestFile,
             json.dump(1, ' ', false, Json::error_handler_t::replace) + '\n');
}

Manifest read_manifest(const fs::path& folder) {
  const fs::path path = folder / kManifestFile;
  const Json json = Json::parse(read_file(path), nullptr, /*allow_exceptions=*/false);
  if (!has_format(json)) fail("{}: is no manifest of prepared text", path.string());
  if (json["format_version"] != kFormatVersion) {
    fail("{}: has format version {}, this program reads {}; delete {} to prepare it again",
         path.string(), json["format_version"].dump(), kFormatVersion, folder.string());
  }
  try {
    return manifest_from(json);
  } catch (const nlohmann::json::exception&) {
  } catch (const std::out_of_range&) {
  }
  fail("{}: corrupted; delete {} to prepare it again", path.string(), folder.string());
}

}  // namespace lengthwise
