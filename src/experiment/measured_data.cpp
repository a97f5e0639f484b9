#include "experiment/measured_data.h"

#include <spdlog/spdlog.h>

#include "base/error.h"
#include "base/safetensors.h"
#include "data/text/stored_vocabulary.h"
#include "data/text/text_corpus.h"
#include "experiment/imported_weights.h"
#include "experiment/run_folder.h"
#include "report/records/split_tokens.h"

namespace lengthwise {
namespace {

constexpr const char* kVocabularyFolder = "vocabulary";
constexpr const char* kCounts = "train_counts.safetensors";

const std::string& path_of(const DataOptions& options, const std::string& split) {
  return split == "train" ? options.train : split == "valid" ? options.valid : options.test;
}

/// The run's own data where they are as they were; the reason otherwise.
struct OwnData {
  std::optional<Dataset> dataset;
  std::string reason;
};

OwnData open_own(const fs::path& run_folder, const Config& trained, const std::string& split) {
  if (is_imported(run_folder)) {
    return {std::nullopt, fmt::format("{}: was imported and has no text of its own; name one in "
                                      "data.{}, or a folder of tokens in data.folder",
                                      run_folder.string(), split)};
  }
  try {
    OwnData own{open_dataset(trained.data), {}};
    const auto record = RunFolder(run_folder).read_record();
    const bool as_trained =
        !record || own.dataset->hash == record->corpus_hash ||
        (!record->training_hash.empty() && own.dataset->training_hash == record->training_hash);
    if (own.dataset->task == nullptr) own.dataset->split(split);
    if (as_trained) return own;
    return {std::nullopt, fmt::format("{}: was trained on other tokens than {} holds now; restore "
                                      "the data, or name a text to measure in data.{}",
                                      run_folder.string(), own.dataset->name, split)};
  } catch (const UserError& error) {
    return {std::nullopt, error.what()};
  }
}

/// The copy in the run folder, or of runs of older versions the one they were trained with.
StoredVocabulary vocabulary_of(const fs::path& run_folder, const Config& trained,
                               const OwnData& own) {
  const fs::path kept = run_folder / kVocabularyFolder;
  if (fs::exists(kept)) return find_vocabulary(kept);
  if (own.dataset) return find_vocabulary(own.dataset->vocabulary_folder);
  fail(
      "{}: keeps no vocabulary, as a run of an older version, and the one in {} cannot be told to "
      "be "
      "its own: {}",
      run_folder.string(), prepared_folder(trained.data).string(), own.reason);
}

std::vector<int64_t> kept_counts(const fs::path& run_folder, const OwnData& own) {
  const fs::path file = run_folder / kVocabularyFolder / kCounts;
  if (fs::exists(file)) {
    const SafetensorsFile counts(file);
    const auto values = counts.values<int64_t>("train_counts");
    return {values.begin(), values.end()};
  }
  if (own.dataset && own.dataset->train.size() > 0) return token_counts(own.dataset->train);
  return {};
}

}  // namespace

void keep_vocabulary(const fs::path& run_folder, const Dataset& dataset) {
  if (dataset.vocabulary_folder.empty()) return;
  const fs::path folder = run_folder / kVocabularyFolder;
  copy_vocabulary(find_vocabulary(dataset.vocabulary_folder), folder);
  if (fs::exists(folder / kCounts)) return;
  const std::vector<int64_t> counts = token_counts(dataset.train);
  write_safetensors(folder / kCounts, {{"train_counts", array_view(counts)}}, {});
}

MeasuredData open_measured_data(const fs::path& run_folder, const Config& trained,
                                const Config& config) {
  const std::string& split = config.evaluation.split;
  const std::string& text = path_of(config.data, split);
  // An imported run was trained on none of the texts that its config names.
  const DataOptions own_data = is_imported(run_folder) ? DataOptions() : trained.data;
  const bool other_text = text != path_of(own_data, split);
  const bool other_folder = config.data.folder != own_data.folder;
  const OwnData own = open_own(run_folder, trained, split);
  if (trained.data.corpus != "text") {
    if (!own.dataset) fail("{}", own.reason);
    if (other_text || other_folder) {
      fail("data.{}: {} was trained on data.corpus {}, whose tokens stand for no text", split,
           run_folder.string(), trained.data.corpus);
    }
    return {*own.dataset, own.dataset->task == nullptr ? token_counts(own.dataset->train)
                                                       : std::vector<int64_t>()};
  }
  if (own.dataset && !other_text && !other_folder) {
    return {*own.dataset, kept_counts(run_folder, own)};
  }
  if (text.empty() && !other_folder) fail("{}", own.reason);
  OtherText other{split, text, other_folder && !other_text ? config.data.folder : ""};
  const StoredVocabulary vocabulary = vocabulary_of(run_folder, trained, own);
  MeasuredData data{open_other_text(vocabulary, other, config.data.documents),
                    kept_counts(run_folder, own)};
  if (!other_text && !other_folder) {
    spdlog::info("{}: measured as another text of its vocabulary: {}", run_folder.string(),
                 own.reason);
  }
  return data;
}

}  // namespace lengthwise
