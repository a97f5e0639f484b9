#include "report/records/split_tokens.h"

#include <algorithm>

#include "base/error.h"
#include "base/text.h"

namespace lengthwise {
namespace {

std::vector<int64_t> counts_of(const TokenStream& stream, int64_t vocabulary_size) {
  std::vector<int64_t> counts(static_cast<size_t>(vocabulary_size));
  for (int64_t i = 0; i < stream.size(); ++i) ++counts[static_cast<size_t>(stream[i])];
  return counts;
}

bool is_of(const fs::path& path, const std::string& corpus_hash) {
  if (!fs::exists(path)) return false;
  try {
    return SafetensorsFile(path).metadata("corpus_hash") == corpus_hash;
  } catch (const UserError&) {
    return false;  // damaged: write it again
  }
}

}  // namespace

fs::path split_tokens_file(const std::string& split) {
  return fs::path("evaluation") / (split + ".tokens.safetensors");
}

void store_split_tokens(const fs::path& run_folder, const TokenStream& stream,
                        const TokenStream& train, std::optional<int64_t> start_token,
                        const std::string& split, const std::string& corpus,
                        const std::string& corpus_hash) {
  const fs::path path = run_folder / split_tokens_file(split);
  if (is_of(path, corpus_hash)) return;
  make_folder(path.parent_path());
  const std::vector<int64_t> counts = counts_of(train, stream.vocabulary_size());
  stream.save(path, {{"train_counts", array_view(counts)}},
              {{"split", split},
               {"corpus", corpus},
               {"corpus_hash", corpus_hash},
               {"start_token", start_token ? std::to_string(*start_token) : ""}});
}

SplitTokens read_split_tokens(const fs::path& path) {
  SplitTokens tokens;
  tokens.stream = TokenStream::open(path);
  const SafetensorsFile file(path);
  const auto counts = file.values<int64_t>("train_counts");
  tokens.train_counts.assign(counts.begin(), counts.end());
  if (static_cast<int64_t>(counts.size()) != tokens.stream.vocabulary_size()) {
    fail("{}: counts {} token types of a vocabulary of {}", path.string(), counts.size(),
         tokens.stream.vocabulary_size());
  }
  if (std::ranges::any_of(counts, [](int64_t count) { return count < 0; })) {
    fail("{}: tensor 'train_counts' holds a count below 0", path.string());
  }
  tokens.split = file.metadata("split");
  tokens.corpus = file.metadata("corpus");
  tokens.corpus_hash = file.metadata("corpus_hash");
  const std::string& start = file.metadata("start_token");
  if (!start.empty()) {
    tokens.start_token = parse_integer(start);
    if (!tokens.start_token || *tokens.start_token < 0 ||
        *tokens.start_token >= tokens.stream.vocabulary_size()) {
      fail("{}: metadata 'start_token' is '{}', no token of the vocabulary", path.string(), start);
    }
  }
  return tokens;
}

}  // namespace lengthwise
