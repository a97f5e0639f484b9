#include "data/text/token_list.h"

#include <nlohmann/json.hpp>
#include <unordered_set>

#include "base/error.h"

namespace lengthwise {

void save_token_list(const fs::path& folder, std::string_view kind,
                     const std::vector<std::string>& tokens) {
  nlohmann::ordered_json list;
  list["kind"] = kind;
  list["tokens"] = tokens;
  write_file(folder / kTokenListFile, list.dump(1) + '\n');
}

std::vector<std::string> load_token_list(const fs::path& folder, std::string_view kind) {
  const fs::path path = folder / kTokenListFile;
  std::vector<std::string> tokens;
  try {
    const auto list = nlohmann::json::parse(read_file(path));
    if (const auto found = list.at("kind").get<std::string>(); found != kind) {
      fail("{}: is a {} vocabulary, not {}", path.string(), found, kind);
    }
    list.at("tokens").get_to(tokens);
  } catch (const nlohmann::json::exception&) {
    fail("{}: corrupted: no vocabulary of the form {{\"kind\": \"{}\", \"tokens\": [...]}}",
         path.string(), kind);
  }
  std::unordered_set<std::string_view> seen;
  for (const std::string& token : tokens) {
    if (!seen.insert(token).second) fail("{}: corrupted: '{}' stands twice", path.string(), token);
  }
  return tokens;
}

std::string kind_of_token_list(const fs::path& folder) {
  const fs::path path = folder / kTokenListFile;
  const auto list = nlohmann::json::parse(read_file(path), nullptr, /*allow_exceptions=*/false);
  if (!list.is_object() || !list.contains("kind") || !list["kind"].is_string()) {
    fail("{}: corrupted: no vocabulary of the form {{\"kind\": ..., \"tokens\": [...]}}",
         path.string());
  }
  return list["kind"].get<std::string>();
}

}  // namespace lengthwise
