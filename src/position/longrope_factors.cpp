#include "position/longrope_factors.h"

#include <cmath>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/ini.h"
#include "base/text.h"

namespace lengthwise {
namespace {

using Json = nlohmann::json;

constexpr const char* kShort = "short_factor";
constexpr const char* kLong = "long_factor";

/// The object that holds the lists: the whole, or the part a model's config keeps them in.
const Json& scaling_part(const Json& json) {
  for (const char* name : {"rope_scaling", "rope_parameters"}) {
    if (json.is_object() && json.contains(name)) return json[name];
  }
  return json;
}

std::vector<double> list_in_json(const fs::path& path, const Json& json, const char* name) {
  const Json& scaling = scaling_part(json);
  if (!scaling.is_object() || !scaling.contains(name) || !scaling[name].is_array()) {
    fail("{}: has no list {}; LongRoPE's file needs {} and {}", path.string(), name, kShort, kLong);
  }
  std::vector<double> factors;
  for (const Json& factor : scaling[name]) {
    if (!factor.is_number()) {
      fail("{}: {} holds {}, which is no number", path.string(), name, factor.dump());
    }
    factors.push_back(factor.get<double>());
  }
  return factors;
}

LongropeFactors read_json(const fs::path& path, const std::string& text) {
  const Json json = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (json.is_discarded()) fail("{}: begins like JSON and is none", path.string());
  return {list_in_json(path, json, kShort), list_in_json(path, json, kLong)};
}

LongropeFactors read_text(const fs::path& path, const std::string& text) {
  LongropeFactors factors;
  for (const std::string_view line : lines_of(text)) {
    const auto words = split(line, " \t\r,:=");
    if (words.empty()) continue;
    if (words[0] != kShort && words[0] != kLong) {
      fail("{}: a line begins with '{}'; {} and {} are known", path.string(), words[0], kShort,
           kLong);
    }
    auto& list = words[0] == kShort ? factors.short_factors : factors.long_factors;
    if (!list.empty()) fail("{}: {} is given twice", path.string(), words[0]);
    for (size_t i = 1; i < words.size(); ++i) {
      const auto factor = parse_real(words[i]);
      if (!factor) fail("{}: {} holds '{}', which is no number", path.string(), words[0], words[i]);
      list.push_back(*factor);
    }
  }
  return factors;
}

void check_list(const fs::path& path, const char* name, const std::vector<double>& factors,
                int64_t pairs) {
  if (static_cast<int64_t>(factors.size()) != pairs) {
    fail("{}: {} holds {} factors; heads that turn {} pairs of dimensions need {}", path.string(),
         name, factors.size(), pairs, pairs);
  }
  for (const double factor : factors) {
    if (!(factor > 0) || !std::isfinite(factor)) {
      fail("{}: {} holds {}; factors are positive numbers", path.string(), name, factor);
    }
  }
}

}  // namespace

LongropeFactors read_longrope_factors(const fs::path& path, int64_t pairs) {
  const std::string text = read_text_file(path);
  const LongropeFactors factors =
      trim(text).starts_with('{') ? read_json(path, text) : read_text(path, text);
  check_list(path, kShort, factors.short_factors, pairs);
  check_list(path, kLong, factors.long_factors, pairs);
  return factors;
}

}  // namespace lengthwise
