#include "data/dataset.h"

#include <fmt/ranges.h>

#include "base/error.h"
#include "base/text.h"
#include "data/ideal_reader.h"
#include "data/ideal_reader_corpus.h"
#include "data/task.h"
#include "data/text_corpus.h"

namespace lengthwise {
namespace {

constexpr uint64_t kValidSeed = 3;
constexpr int64_t kValidDocuments = 16;
// Part of the hash; it changes with anything that changes the corpus's tokens.
constexpr int kIdealReaderVersion = 1;

std::string hash_of(std::string_view text) {
  return sha256(std::as_bytes(std::span(text)));
}

/// Each document without its last token: 2048 targets are a whole number of windows at every power
/// of two.
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

std::string ideal_reader_hash(const IdealReaderLaw& law) {
  return hash_of(fmt::format(
      "ideal_reader {}; cue weights {}; answers {}; habits {}/{}; copy lag {}; records {}; "
      "train {} x {}; valid {} x {}; test {} x {}",
      kIdealReaderVersion, fmt::join(law.cue_weights, " "), law.answers_per_cue,
      law.habit_numerator, law.habit_denominator, kCopyLag, kRecords, kTrainSeed, kTrainDocuments,
      kValidSeed, kValidDocuments, kHeldOutSeed, kHeldOutDocuments));
}

Dataset open_ideal_reader() {
  const IdealReaderLaw& law = standard_law();
  const auto held_out = [&](uint64_t seed, int64_t documents) {
    return without_last_tokens(generate_ideal_reader(law, seed, documents, kRecords));
  };
  Dataset dataset;
  dataset.name = "ideal_reader";
  dataset.hash = ideal_reader_hash(law);
  dataset.train = generate_ideal_reader(law, kTrainSeed, kTrainDocuments, kRecords);
  dataset.valid = held_out(kValidSeed, kValidDocuments);
  dataset.test = held_out(kHeldOutSeed, kHeldOutDocuments);
  dataset.vocabulary_size = dataset.train.vocabulary_size();
  dataset.ideal_nats = [](std::span<const int64_t> window) {
    return ideal_nats(standard_law(), window);
  };
  return dataset;
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
  return joined ? stream.joined() : stream;
}

Dataset open_task(const Task& task) {
  Dataset dataset;
  dataset.name = task.name;
  dataset.hash = hash_of(task_description(task));
  dataset.vocabulary_size = task.vocabulary_size;
  dataset.task = &task;
  return dataset;
}

Dataset open_text(const DataOptions& options) {
  const fs::path folder = prepared_folder(options);
  const Manifest manifest = prepare_text(options, folder);
  Dataset dataset;
  dataset.name = folder.filename().string();
  dataset.vocabulary_size = manifest.vocabulary_size;
  dataset.start_token = manifest.start_token;
  std::string decisive = "documents " + options.documents;
  for (const auto& [name, stream] :
       {std::pair{"train", &dataset.train}, std::pair{"valid", &dataset.valid},
        std::pair{"test", &dataset.test}}) {
    const PreparedSplit* split = manifest.split(name);
    if (split == nullptr) continue;
    *stream = open_split(folder, manifest, *split, options.documents == "joined");
    decisive += fmt::format("; {} {}", name, split->file.sha256);
  }
  dataset.hash = hash_of(decisive);
  return dataset;
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

Dataset open_dataset(const DataOptions& options) {
  options.validate();
  if (options.corpus == "task") return open_task(find_task(options.task));
  return options.corpus == "ideal_reader" ? open_ideal_reader() : open_text(options);
}

}  // namespace lengthwise
