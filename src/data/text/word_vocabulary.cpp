#include "data/text/word_vocabulary.h"

#include <algorithm>
#include <unordered_map>

#include "base/error.h"
#include "data/text/source_files.h"
#include "data/text/spelling_model.h"
#include "data/text/token_list.h"
#include "data/unknown_tokens.h"

namespace lengthwise {
namespace {

constexpr std::string_view kEndOfLine = "<eos>";
constexpr uint32_t kUnknownId = 0, kEndOfLineId = 1;
constexpr std::string_view kWhiteSpace = " \t\r\v\f";  // within a line

struct WordHash : std::hash<std::string_view> {
  using is_transparent = void;
};
template <class Value>
using ByWord = std::unordered_map<std::string, Value, WordHash, std::equal_to<>>;

/// Takes the next word off the front of the text, or <eos> with the line's end.
std::string_view take_token(std::string_view& text) {
  const size_t begin = std::min(text.find_first_not_of(kWhiteSpace), text.size());
  text.remove_prefix(begin);
  if (text.empty() || text.front() == '\n') {
    text.remove_prefix(text.empty() ? 0 : 1);
    return kEndOfLine;
  }
  const size_t size = std::min(text.find_first_of(" \t\r\v\f\n"), text.size());
  const std::string_view word = text.substr(0, size);
  text.remove_prefix(size);
  return word;
}

/// Calls `use` with every token's text, in order.
template <class Use>
void for_each_token(std::string_view text, Use use) {
  bool in_line = false;
  while (!text.empty() || in_line) {
    const std::string_view token = take_token(text);
    in_line = token.data() != kEndOfLine.data();  // a word of that spelling is no line's end
    use(token);
  }
}

class WordVocabulary : public Vocabulary {
 public:
  /// Id order; the first two are <unk> and <eos>.
  explicit WordVocabulary(std::vector<std::string> tokens)
      : tokens_(std::move(tokens)), spelling_(std::span(tokens_).subspan(2)) {
    for (size_t id = 0; id < tokens_.size(); ++id) ids_[tokens_[id]] = static_cast<uint32_t>(id);
  }

  int64_t size() const override { return static_cast<int64_t>(tokens_.size()); }

  void encode(std::string_view text, std::vector<uint32_t>& tokens) const override {
    for_each_token(text, [&](std::string_view token) {
      const auto found = ids_.find(token);
      tokens.push_back(found == ids_.end() ? kUnknownId : found->second);
    });
  }

  std::string decode(std::span<const uint32_t> tokens) const override {
    std::string text;
    bool in_line = false;
    for (const uint32_t token : tokens) {
      if (token == kEndOfLineId) {
        text += '\n';
      } else {
        if (in_line) text += ' ';
        text += tokens_[token];
      }
      in_line = token != kEndOfLineId;
    }
    return text;
  }

  int64_t first_token_bytes(std::string_view text) const override {
    std::string_view rest = text;
    if (!rest.empty()) take_token(rest);
    return static_cast<int64_t>(text.size() - rest.size());
  }

  UnknownTokens unknown_tokens(std::string_view text) const override {
    UnknownTokens unknown;
    double written_nats = 0;  // of each <unk> that the text itself has
    bool first = true;
    for_each_token(text, [&](std::string_view token) {
      if (token == kUnknownToken) {
        written_nats += spelling_.nats("");
        if (first) unknown.first_token_nats = spelling_.nats("");
      } else if (ids_.find(token) == ids_.end()) {
        ++unknown.tokens;
        unknown.nats += spelling_.nats(token);
        if (first) unknown.first_token_nats = spelling_.nats(token);
      }
      first = false;
    });
    if (unknown.tokens == 0) return {};
    unknown.nats += written_nats;
    return unknown;
  }

  std::optional<int64_t> start_token() const override { return kEndOfLineId; }

  void save(const fs::path& folder) const override { save_token_list(folder, "word", tokens_); }

 private:
  std::vector<std::string> tokens_;
  ByWord<uint32_t> ids_;
  SpellingModel spelling_;
};

ByWord<int64_t> count(const std::vector<fs::path>& documents) {
  ByWord<int64_t> counts;
  for (const fs::path& path : documents) {
    const DocumentText file(path);
    for_each_token(file.text(), [&](std::string_view token) {
      const auto found = counts.find(token);
      if (found == counts.end()) {
        counts.emplace(token, 1);
      } else {
        ++found->second;
      }
    });
  }
  counts.erase(std::string(kUnknownToken));
  counts.erase(std::string(kEndOfLine));
  return counts;
}

}  // namespace

std::unique_ptr<Vocabulary> train_word_vocabulary(const std::vector<fs::path>& documents,
                                                  int64_t size) {
  const ByWord<int64_t> counts = count(documents);
  std::vector<std::pair<int64_t, std::string>> words;
  for (const auto& [word, times] : counts) words.emplace_back(-times, word);
  std::ranges::sort(words);

  std::vector<std::string> tokens{std::string(kUnknownToken), std::string(kEndOfLine)};
  for (auto& [times, word] : words) {
    if (size > 0 && static_cast<int64_t>(tokens.size()) >= size) break;
    tokens.push_back(std::move(word));
  }
  return std::make_unique<WordVocabulary>(std::move(tokens));
}

std::unique_ptr<Vocabulary> load_word_vocabulary(const fs::path& folder) {
  std::vector<std::string> tokens = load_token_list(folder, "word");
  if (tokens.size() < 2 || tokens[kUnknownId] != kUnknownToken ||
      tokens[kEndOfLineId] != kEndOfLine) {
    fail("{}: corrupted: a word vocabulary begins with <unk> and <eos>",
         (folder / kTokenListFile).string());
  }
  return std::make_unique<WordVocabulary>(std::move(tokens));
}

int64_t count_words(std::string_view text) {
  int64_t words = 0;
  for_each_token(text, [&](std::string_view token) { words += token.data() != kEndOfLine.data(); });
  return words;
}

}  // namespace lengthwise
