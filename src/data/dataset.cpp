#include "data/dataset.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include "base/error.h"
#include "base/text.h"
#include "data/corpora/built_in_corpora.h"
#include "data/corpora/ideal_reader.h"
#include "data/tasks/task.h"
#include "data/text/text_corpus.h"

namespace lengthwise {
namespace {

/// Each document without its last token: its targets are then a power of two, and so a whole number
/// of windows at every smaller one.
TokenStream without_last_tokens(const TokenStream& stream) {
  std::vector<uint32_t> tokens;
  std::vector<Document> documents;
  for (Document document : stream.documents()) {
    const auto begin = static_cast<int64_t>(tokens.size());
    for (int64_t i = document.begin; i < document.end - 1; ++i) {
      tokens.push_back(static_cast<uint32_t>(stream[i]));
    }
    document.begin = begin;
    document.end = static_cast<int64_t>(tokens.size());
    documents.push_back(document);
  }
  return TokenStream::from_tokens(std::move(tokens), std::move(documents),
                                  stream.vocabulary_size());
}

Dataset open_built_in(const BuiltInCorpus& corpus) {
  Dataset dataset;
  dataset.name = corpus.name;
  dataset.hash = dataset.training_hash = sha256_of_text(built_in_description(corpus));
  dataset.train = generate_split(corpus, corpus.train);
  dataset.valid = without_last_tokens(generate_split(corpus, corpus.valid));
  dataset.test = without_last_tokens(generate_split(corpus, corpus.test));
  dataset.vocabulary_size = corpus.law.vocabulary_size();
  dataset.vocabulary_hash = sha256_of_text(
      fmt::format("cues {}; answers {}", corpus.law.cues(), corpus.law.answers_per_cue));
  dataset.ideal_nats = [&law = corpus.law](std::span<const int64_t> window) {
    return ideal_nats(law, window);
  };
  return dataset;
}

bool holds_token(const TokenStream& stream, int64_t token) {
  for (int64_t i = 0; i < stream.size(); ++i) {
    if (stream[i] == token) return true;
  }
  return false;
}

/// Not known where an older version prepared the folder and some <unk> is among the tokens.
std::vector<std::optional<UnknownTokens>> unknown_of(const fs::path& folder,
                                                     const Manifest& manifest,
                                                     const PreparedSplit& split,
                                                     const TokenStream& stream) {
  const size_t documents = stream.documents().size();
  if (split.unknown && split.unknown->size() == documents) {
    return {split.unknown->begin(), split.unknown->end()};
  }
  const bool none = !vocabulary_kind(manifest.vocabulary).has_unknown || !holds_token(stream, 0);
  if (none) return std::vector<std::optional<UnknownTokens>>(documents, UnknownTokens{});
  spdlog::info(
      "data: {}: was prepared by a version that did not count what its <unk> stand for, so that no "
      "bits per byte can be given; delete it to prepare it again, the tokens will be the same",
      folder.string());
  return std::vector<std::optional<UnknownTokens>>(documents);
}

TokenStream open_split(const fs::path& folder, const Manifest& manifest, const PreparedSplit& split,
                       bool joined) {
  const fs::path path = folder / split.file.name;
  // A flipped bit would otherwise be a slightly different perplexity that nobody notices.
  if (sha256_of_file(path) != split.file.sha256) {
    fail("{}: is not the file that was prepared; delete {} to prepare it again", path.string(),
         folder.string());
  }
  const TokenStream stream = TokenStream::open(path);
  if (stream.vocabulary_size() != manifest.vocabulary_size) {
    fail("{}: has a vocabulary of {} tokens, its manifest one of {}; delete {} to prepare it again",
         path.string(), stream.vocabulary_size(), manifest.vocabulary_size, folder.string());
  }
  const TokenStream known = stream.with_unknown(unknown_of(folder, manifest, split, stream));
  return joined ? known.joined() : known;
}

Dataset open_task(const Task& task) {
  Dataset dataset;
  dataset.name = task.name;
  dataset.hash = dataset.training_hash = sha256_of_text(task_description(task));
  dataset.vocabulary_size = task.vocabulary_size;
  dataset.vocabulary_hash =
      sha256_of_text(fmt::format("task {}; vocabulary {}", task.name, task.vocabulary_size));
  dataset.task = &task;
  return dataset;
}

/// The splits of a prepared folder.
Dataset open_prepared(const fs::path& folder, const Manifest& manifest,
                      const std::string& documents) {
  Dataset dataset;
  dataset.name = folder.filename().string();
  dataset.vocabulary_size = manifest.vocabulary_size;
  dataset.vocabulary_hash = manifest.vocabulary_hash();
  dataset.vocabulary_folder = folder;
  dataset.start_token = manifest.start_token;
  std::string decisive = "documents " + documents;
  for (const auto& [name, stream] :
       {std::pair{"train", &dataset.train}, std::pair{"valid", &dataset.valid},
        std::pair{"test", &dataset.test}}) {
    const PreparedSplit* split = manifest.split(name);
    if (split == nullptr) continue;
    *stream = open_split(folder, manifest, *split, documents == "joined");
    decisive += fmt::format("; {} {}", name, split->file.sha256);
    if (split->name == "train") dataset.training_hash = sha256_of_text(decisive);
  }
  dataset.hash = sha256_of_text(decisive);
  return dataset;
}

Dataset open_text(const DataOptions& options) {
  const fs::path folder = prepared_folder(options);
  const Manifest manifest = prepare_text(options, folder);
  if (manifest.split("train") == nullptr) {
    fail("data.folder: {}: was prepared without a train split: it can be measured, not trained on",
         folder.string());
  }
  return open_prepared(folder, manifest, options.documents);
}

}  // namespace

const TokenStream& Dataset::split(const std::string& split_name) const {
  const TokenStream* found = split_name == "train"   ? &train
                             : split_name == "valid" ? &valid
                             : split_name == "test"  ? &test
                                                     : nullptr;
  if (found == nullptr) {
    fail("unknown split '{}'{}", split_name,
         known_names_hint(split_name, {"train", "valid", "test"}));
  }
  if (found->size() == 0) {
    fail("data.{}: is empty, so {} has no {} split; set data.{} to a text file or a folder",
         split_name, name, split_name, split_name);
  }
  return *found;
}

Dataset open_other_text(const StoredVocabulary& vocabulary, const OtherText& text,
                        const std::string& documents) {
  auto [folder, manifest] = prepare_other_text(vocabulary, text);
  std::erase_if(manifest.splits,
                [&](const PreparedSplit& split) { return split.name != text.split; });
  return open_prepared(with_file_name(folder), manifest, documents);
}

Dataset open_dataset(const DataOptions& options) {
  options.validate();
  if (options.corpus == "task") return open_task(find_task(options.task));
  const BuiltInCorpus* built_in = find_built_in_corpus(options.corpus);
  return built_in != nullptr ? open_built_in(*built_in) : open_text(options);
}

}  // namespace lengthwise
