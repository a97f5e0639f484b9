#include "data/text/char_vocabulary.h"

#include <algorithm>
#include <set>

#include "base/error.h"
#include "base/plain_text.h"
#include "base/text.h"
#include "data/text/source_files.h"
#include "data/text/spelling_model.h"
#include "data/text/token_list.h"
#include "data/unknown_tokens.h"

namespace lengthwise {
namespace {

constexpr size_t kCodePoints = 0x110000;

/// The first code point of UTF-8 text, as its bytes.
std::string_view first_character(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text.front());
  return text.substr(0, lead < 0xC0 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4);
}

char32_t code_point(std::string_view character) {
  const auto lead = static_cast<unsigned char>(character.front());
  // A lead byte of n bytes keeps its low 7 - n bits; of a single byte all are kept.
  char32_t value = character.size() == 1 ? lead : lead & (0x7Fu >> character.size());
  for (const char byte : character.substr(1)) {
    value = (value << 6) | (static_cast<unsigned char>(byte) & 0x3Fu);
  }
  return std::min<char32_t>(value, kCodePoints - 1);
}

class CharVocabulary : public Vocabulary {
 public:
  /// Id order; the first is <unk>, the others single code points.
  explicit CharVocabulary(std::vector<std::string> tokens)
      : tokens_(std::move(tokens)), ids_(kCodePoints, 0), spelling_(std::span(tokens_).subspan(1)) {
    for (size_t id = 1; id < tokens_.size(); ++id) {
      ids_[code_point(tokens_[id])] = static_cast<uint32_t>(id);
    }
  }

  int64_t size() const override { return static_cast<int64_t>(tokens_.size()); }

  void encode(std::string_view text, std::vector<uint32_t>& tokens) const override {
    while (!text.empty()) {
      const std::string_view character = first_character(text);
      tokens.push_back(ids_[code_point(character)]);
      text.remove_prefix(character.size());
    }
  }

  std::string decode(std::span<const uint32_t> tokens) const override {
    std::string text;
    for (const uint32_t token : tokens) text += token == 0 ? kReplacementCharacter : tokens_[token];
    return text;
  }

  int64_t first_token_bytes(std::string_view text) const override {
    return text.empty() ? 0 : static_cast<int64_t>(first_character(text).size());
  }

  UnknownTokens unknown_tokens(std::string_view text) const override {
    UnknownTokens unknown;
    const size_t size = text.size();
    while (!text.empty()) {
      const std::string_view character = first_character(text);
      if (ids_[code_point(character)] == 0) {
        ++unknown.tokens;
        unknown.nats += spelling_.nats(character);
        if (text.size() == size) unknown.first_token_nats = unknown.nats;
      }
      text.remove_prefix(character.size());
    }
    return unknown;
  }

  void save(const fs::path& folder) const override { save_token_list(folder, "char", tokens_); }

 private:
  std::vector<std::string> tokens_;
  std::vector<uint32_t> ids_;  // by code point; 0 is <unk>
  SpellingModel spelling_;
};

bool is_one_character(std::string_view token) {
  return !token.empty() && !first_invalid_utf8(token) &&
         first_character(token).size() == token.size();
}

}  // namespace

std::unique_ptr<Vocabulary> train_char_vocabulary(const std::vector<fs::path>& documents, int64_t) {
  std::set<std::string, std::less<>> characters;
  for (const fs::path& path : documents) {
    const DocumentText file(path);
    for (std::string_view text = file.text(); !text.empty();) {
      const std::string_view character = first_character(text);
      if (!characters.contains(character)) characters.emplace(character);
      text.remove_prefix(character.size());
    }
  }
  std::vector<std::string> tokens{std::string(kUnknownToken)};
  tokens.insert(tokens.end(), characters.begin(), characters.end());
  return std::make_unique<CharVocabulary>(std::move(tokens));
}

std::unique_ptr<Vocabulary> load_char_vocabulary(const fs::path& folder) {
  std::vector<std::string> tokens = load_token_list(folder, "char");
  if (tokens.empty() || tokens.front() != kUnknownToken ||
      !std::all_of(tokens.begin() + 1, tokens.end(), is_one_character)) {
    fail("{}: corrupted: a char vocabulary is <unk>, then single characters",
         (folder / kTokenListFile).string());
  }
  return std::make_unique<CharVocabulary>(std::move(tokens));
}

}  // namespace lengthwise
