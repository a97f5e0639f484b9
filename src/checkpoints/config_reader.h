#pragma once

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/files.h"

namespace lengthwise {

/// A checkpoint's config.json, or an object in it. Each key is read, or said to have no effect on
/// logits, or an error: a setting that nobody looks at is a plausible wrong number. A key whose
/// value is null counts as absent. Every UserError names the file and the key.
class ConfigReader {
 public:
  /// UserError where the file is no JSON object.
  static ConfigReader open(const fs::path& path);
  static ConfigReader of_text(const std::string& text, const std::string& origin);

  /// Whether the key is there and not null.
  bool has(const std::string& key) const;
  /// Whether the key is there, if only as null.
  bool mentions(const std::string& key) const { return json_->contains(key); }

  /// Whole numbers are at least 0, and real ones finite.
  int64_t whole(const std::string& key, int64_t fallback);
  double real(const std::string& key, double fallback);
  bool truth(const std::string& key, bool fallback);
  std::string text(const std::string& key, const std::string& fallback);
  std::vector<double> reals(const std::string& key);
  /// The object under the key; an empty one where there is none.
  ConfigReader object(const std::string& key);
  bool is_empty() const { return json_->empty(); }
  bool is_text(const std::string& key) const { return has(key) && json_->at(key).is_string(); }

  /// Reads a key that changes something which this program does only one way: UserError for any
  /// other value than this, as JSON ("false", "null", "\"silu\"").
  void expect(const std::string& key, std::string_view json);
  /// Takes note of keys without an effect on logits.
  void ignore(std::initializer_list<std::string_view> keys);

  [[noreturn]] void refuse(const std::string& key, const std::string& why) const;
  /// UserError for the first key that was neither read nor ignored.
  void refuse_unread() const;

 private:
  using Json = nlohmann::json;

  ConfigReader(Json json, std::string origin, std::string prefix);

  /// The value, noted as read; nullptr where it is absent.
  const Json* value(const std::string& key);
  [[noreturn]] void refuse_type(const std::string& key, std::string_view wanted) const;

  std::shared_ptr<const Json> json_;
  std::string origin_, prefix_;  // "FOLDER/config.json", "attn_config."
  std::set<std::string, std::less<>> read_;
};

/// Keys of any family's config that say nothing of logits: how a file was made, how text is
/// generated, dropout.
void ignore_common_keys(ConfigReader& config);

}  // namespace lengthwise
