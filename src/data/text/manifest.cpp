#include "data/text/manifest.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "data/text/stored_vocabulary.h"

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

/// A whole number, none below 0.
int64_t whole(const Json& json) {
  if (!json.is_number_integer() || json.get<int64_t>() < 0) throw std::out_of_range("number");
  return json.get<int64_t>();
}

double nats(const Json& json) {
  const auto value = json.get<double>();
  if (!(value >= 0) || !std::isfinite(value)) throw std::out_of_range("nats");
  return value;
}

SourceFile source_from(const Json& json) {
  const Json& modified = json.at("modified_ns");
  if (!modified.is_number_integer()) throw std::out_of_range("modified_ns");
  return {json.at("name"), whole(json.at("bytes")), modified, json.at("sha256")};
}

/// The sums, and the documents that hold any: [document, tokens, nats, first token's nats].
Json to_json(const std::vector<UnknownTokens>& unknown) {
  Json documents = Json::array();
  UnknownTokens all;
  for (size_t i = 0; i < unknown.size(); ++i) {
    const UnknownTokens& each = unknown[i];
    all.tokens += each.tokens;
    all.nats += each.nats;
    if (each.tokens == 0) continue;
    documents.push_back({i, each.tokens, each.nats, each.first_token_nats});
  }
  return {{"tokens", all.tokens}, {"spelling_nats", all.nats}, {"documents", documents}};
}

std::vector<UnknownTokens> unknown_from(const Json& json, int64_t documents) {
  std::vector<UnknownTokens> unknown(static_cast<size_t>(documents));
  for (const Json& row : json.at("documents")) {
    unknown.at(static_cast<size_t>(whole(row.at(0)))) = {whole(row.at(1)), nats(row.at(2)),
                                                         nats(row.at(3))};
  }
  return unknown;
}

Json to_json(const PreparedSplit& split) {
  Json sources = Json::array();
  for (const SourceFile& source : split.sources) sources.push_back(to_json(source));
  Json json = {{"name", split.name},           {"path", split.path},
               {"documents", split.documents}, {"tokens", split.tokens},
               {"bytes", split.bytes},         {"words", split.words},
               {"file", to_json(split.file)},  {"sources", sources}};
  if (!split.also_in_train.empty()) json["also_in_train"] = split.also_in_train;
  if (split.unknown) json["unknown"] = to_json(*split.unknown);
  return json;
}

PreparedSplit split_from(const Json& json) {
  PreparedSplit split;
  json.at("name").get_to(split.name);
  json.at("path").get_to(split.path);
  split.documents = whole(json.at("documents"));
  split.tokens = whole(json.at("tokens"));
  split.bytes = whole(json.at("bytes"));
  split.words = whole(json.at("words"));
  split.file = file_from(json.at("file"));
  if (split.documents != static_cast<int64_t>(json.at("sources").size())) {
    throw std::out_of_range("documents");
  }
  if (json.contains("also_in_train")) json["also_in_train"].get_to(split.also_in_train);
  if (json.contains("unknown")) split.unknown = unknown_from(json["unknown"], split.documents);
  for (const Json& source : json.at("sources")) split.sources.push_back(source_from(source));
  return split;
}

Manifest manifest_from(const Json& json) {
  Manifest manifest;
  const Json& options = json.at("options");
  options.at("vocabulary").get_to(manifest.vocabulary);
  manifest.vocabulary_size_asked = whole(options.at("vocabulary_size"));
  manifest.vocabulary_size = whole(json.at("vocabulary_size"));
  if (!json.at("start_token").is_null()) manifest.start_token = whole(json.at("start_token"));
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

int64_t PreparedSplit::unknown_tokens() const {
  int64_t sum = 0;
  for (const UnknownTokens& each : unknown.value_or(std::vector<UnknownTokens>())) {
    sum += each.tokens;
  }
  return sum;
}

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
