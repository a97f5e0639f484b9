#include "report/records/split_tokens.h"

#include <algorithm>

#include "base/error.h"
#include "base/text.h"

namespace lengthwise {
namespace {

bool is_of(const fs::path& path, const std::string& corpus_hash) {
  if (!fs::exists(path)) return false;
  try {
    return SafetensorsFile(path).metadata("corpus_hash") == corpus_hash;
  } catch (const UserError&) {
    return false;  // damaged: write it again
  }
}

bool is_of_another(const fs::path& path, const std::string& corpus_hash) {
  if (!fs::exists(path)) return false;
  try {
    return SafetensorsFile(path).metadata("corpus_hash") != corpus_hash;
  } catch (const UserError&) {
    return false;
  }
}

}  // namespace

fs::path split_tokens_file(const std::string& split) {
  return fs::path("evaluation") / (split + ".tokens.safetensors");
}

fs::path store_split_tokens(const fs::path& run_folder, const SplitTokens& tokens) {
  fs::path path = split_tokens_file(tokens.split);
  if (is_of_another(run_folder / path, tokens.corpus_hash)) {
    path.replace_filename(
        fmt::format("{}-{:.12}.tokens.safetensors", tokens.split, tokens.corpus_hash));
  }
  if (is_of(run_folder / path, tokens.corpus_hash)) return path;
  make_folder((run_folder / path).parent_path());
  std::map<std::string, ArrayView> counts;
  if (!tokens.train_counts.empty()) counts["train_counts"] = array_view(tokens.train_counts);
  tokens.stream.save(
      run_folder / path, counts,
      {{"split", tokens.split},
       {"corpus", tokens.corpus},
       {"corpus_hash", tokens.corpus_hash},
       {"start_token", tokens.start_token ? std::to_string(*tokens.start_token) : ""}});
  return path;
}

std::vector<int64_t> token_counts(const TokenStream& stream) {
  std::vector<int64_t> counts(static_cast<size_t>(stream.vocabulary_size()));
  for (int64_t i = 0; i < stream.size(); ++i) ++counts[static_cast<size_t>(stream[i])];
  return counts;
}

SplitTokens read_split_tokens(const fs::path& path) {
  SplitTokens tokens;
  tokens.stream = TokenStream::open(path);
  const SafetensorsFile file(path);
  const bool counted = file.arrays().contains("train_counts");
  const auto counts = counted ? file.values<int64_t>("train_counts") : std::span<const int64_t>();
  tokens.train_counts.assign(counts.begin(), counts.end());
  if (counted && static_cast<int64_t>(counts.size()) != tokens.stream.vocabulary_size()) {
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
