#include "report/records/split_tokens.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "base/text.h"
#include "data/text/vocabulary.h"
#include "report/records/run_options.h"

namespace lengthwise {
namespace {

constexpr const char* kUnknown = "unknown_tokens";
constexpr const char* kSpelling = "spelling_nats";

bool knows_unknown(const TokenStream& stream) {
  return std::ranges::all_of(stream.documents(),
                             [](const Document& document) { return document.unknown.has_value(); });
}

/// What can be known of a file from before unknown tokens were counted: that there are none, where
/// the vocabulary of the run has no <unk>, or token 0 is nowhere among the tokens.
bool has_none(const fs::path& path, const TokenStream& stream) {
  const auto options = read_run_options(path.parent_path().parent_path());
  const auto kind = options.find("data.vocabulary");
  if (kind != options.end() && !vocabulary_kind(kind->second).has_unknown) return true;
  for (int64_t i = 0; i < stream.size(); ++i) {
    if (stream[i] == 0) return false;
  }
  return true;
}

TokenStream with_unknown(const SafetensorsFile& file, const TokenStream& stream) {
  const size_t documents = stream.documents().size();
  std::vector<std::optional<UnknownTokens>> unknown(documents);
  if (file.arrays().contains(kUnknown)) {
    const auto tokens = file.values<int64_t>(kUnknown);
    const auto nats = file.values<double>(kSpelling);
    if (tokens.size() != documents || nats.size() != 2 * documents) {
      fail("{}: corrupted: '{}' and '{}' are not of its {} documents", file.path().string(),
           kUnknown, kSpelling, documents);
    }
    for (size_t i = 0; i < documents; ++i) {
      unknown[i] = {tokens[i], nats[2 * i], nats[2 * i + 1]};
      if (tokens[i] >= 0 && std::isfinite(nats[2 * i]) && nats[2 * i + 1] >= 0 &&
          nats[2 * i + 1] <= nats[2 * i]) {
        continue;
      }
      fail("{}: corrupted: document {} has impossible counts of unknown tokens",
           file.path().string(), i);
    }
  } else if (has_none(file.path(), stream)) {
    unknown.assign(documents, UnknownTokens{});
  }
  return stream.with_unknown(unknown);
}

bool is_of(const fs::path& path, const std::string& corpus_hash, const TokenStream& stream) {
  if (!fs::exists(path)) return false;
  try {
    const SafetensorsFile file(path);
    return file.metadata("corpus_hash") == corpus_hash &&
           (file.arrays().contains(kUnknown) || !knows_unknown(stream));
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
  if (is_of(run_folder / path, tokens.corpus_hash, tokens.stream)) return path;
  make_folder((run_folder / path).parent_path());
  std::map<std::string, ArrayView> arrays;
  if (!tokens.train_counts.empty()) arrays["train_counts"] = array_view(tokens.train_counts);
  std::vector<int64_t> unknown;
  std::vector<double> spelling;
  if (knows_unknown(tokens.stream)) {
    for (const Document& document : tokens.stream.documents()) {
      unknown.push_back(document.unknown->tokens);
      spelling.insert(spelling.end(), {document.unknown->nats, document.unknown->first_token_nats});
    }
    arrays.emplace(kUnknown, array_view(unknown));
    arrays.emplace(kSpelling, array_view(std::span<const double>(spelling),
                                         {static_cast<int64_t>(unknown.size()), 2}));
  }
  tokens.stream.save(
      run_folder / path, std::move(arrays),
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
  const SafetensorsFile file(path);
  const bool counted = file.arrays().contains("train_counts");
  const auto counts = counted ? file.values<int64_t>("train_counts") : std::span<const int64_t>();
  tokens.stream = with_unknown(file, TokenStream::open(path));
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
