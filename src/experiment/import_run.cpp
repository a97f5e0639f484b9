#include "experiment/import_run.h"

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "checkpoints/attach.h"
#include "checkpoints/family.h"
#include "checkpoints/shards.h"
#include "data/text/source_files.h"
#include "data/text/stored_vocabulary.h"
#include "data/text/vocabulary.h"
#include "experiment/imported_weights.h"
#include "experiment/provenance.h"
#include "experiment/run_folder.h"
#include "position/registry.h"
#include "position/rotary_scaling.h"

namespace lengthwise {
namespace {

constexpr const char* kVocabularyFolder = "vocabulary";
constexpr const char* kFactors = "longrope_factors.json";

/// The folder's tokenizer: the kind that import.tokenizer names, or the first that is there.
StoredVocabulary tokenizer_of(const fs::path& checkpoint, const std::string& wanted) {
  std::string files;
  for (const VocabularyKind& kind : vocabulary_kinds()) {
    if (!kind.comes_with_checkpoints || (wanted != "any" && wanted != kind.name)) continue;
    if (fs::exists(checkpoint / kind.file)) {
      return stored_vocabulary(checkpoint, std::string(kind.name));
    }
    files += (files.empty() ? "" : " nor ") + std::string(kind.file);
  }
  fail("{}: holds no tokenizer: no {}", checkpoint.string(), files);
}

void write_factors(const fs::path& path, const CheckpointModel& read) {
  const nlohmann::ordered_json json = {{"short_factor", read.short_factors},
                                       {"long_factor", read.long_factors}};
  write_file(path, json.dump(1) + '\n');
}

/// The run's config. A file of factors lies in `aside`.
Config run_config(const Config& given, const CheckpointModel& read, const fs::path& aside) {
  Config config = given;
  config.model = read.model;
  config.position = read.position;
  config.data.corpus = "text";
  auto& factors = config.position.group<RotaryLongropeOptions>().factors;
  if (!read.short_factors.empty()) {
    write_factors(aside / kFactors, read);
    factors = (aside / kFactors).string();
  }
  config.model.validate();
  config.position.validate(config.model.shape());
  return config.resolved();
}

ImportedWeights weights_of(const fs::path& checkpoint, const Shards& shards, bool copy,
                           const fs::path& aside) {
  ImportedWeights weights;
  weights.config_sha256 = sha256_of_file(checkpoint / "config.json");
  for (const fs::path& file : shards.files()) {
    if (copy) {
      make_folder(aside / "weights");
      const fs::path kept = fs::path("weights") / file.filename();
      fs::copy_file(file, aside / kept);
      weights.files.push_back(describe_weight_file(aside / kept));
      weights.files.back().path = kept;
    } else {
      weights.files.push_back(describe_weight_file(fs::canonical(file)));
    }
  }
  return weights;
}

RunRecord describe(const Config& config, const FamilyEntry& family,
                   const ImportedWeights& weights) {
  const Provenance made = provenance();
  RunRecord record;
  record.version = made.version;
  record.commit = made.commit;
  record.libtorch = made.libtorch;
  record.machine = made.machine;
  record.threads = config.run.threads;
  record.scheme = config.position.scheme;
  record.scheme_summary = scheme_entry(config.position.scheme).summary;
  record.corpus = fmt::format("a {} checkpoint's own", family.name);
  record.corpus_hash = sha256_of_text("imported " + weights.files.front().sha256);
  record.vocabulary_size = weights.vocabulary_size;
  record.train_length = config.model.train_length;
  record.started = utc_time();
  record.finished = record.started;
  return record;
}

}  // namespace

fs::path import_run(const fs::path& checkpoint, const Config& given) {
  if (given.run.folder.empty()) fail("run.folder: is empty; name the folder to import into");
  if (!fs::exists(checkpoint / "config.json")) {
    fail("{}: holds no config.json; name the folder of a Hugging Face checkpoint",
         checkpoint.string());
  }
  const fs::path folder = with_file_name(given.run.folder);
  if (fs::exists(folder) && !(fs::is_directory(folder) && fs::is_empty(folder))) {
    fail("run.folder: {} is there already; choose another folder", folder.string());
  }
  ConfigReader reader = ConfigReader::open(checkpoint / "config.json");
  ignore_common_keys(reader);
  const FamilyEntry& family = family_of(reader);
  const CheckpointModel read = family.read_config(reader);
  reader.refuse_unread();
  const Shards shards = Shards::open(checkpoint);
  const StoredVocabulary tokenizer = tokenizer_of(checkpoint, given.import.tokenizer);

  if (folder.has_parent_path()) make_folder(folder.parent_path());
  AtomicFolder fresh(folder);
  Config config = run_config(given, read, fresh.aside());
  config.data.vocabulary = tokenizer.kind;
  Transformer model = make_transformer(config.model, config.position, read.vocabulary_size);
  const int64_t parameters = parameter_count(model);  // before they lie in the files
  attach_weights(model, family, shards);
  ImportedWeights weights = weights_of(checkpoint, shards, given.import.copy, fresh.aside());
  weights.family = family.name;
  weights.vocabulary_size = read.vocabulary_size;
  RunRecord record = describe(config, family, weights);
  record.parameters = parameters;
  copy_vocabulary(tokenizer, fresh.aside() / kVocabularyFolder);
  auto& factors = config.position.group<RotaryLongropeOptions>().factors;
  if (!factors.empty()) factors = (folder / kFactors).string();
  const RunFolder run(fresh.aside());
  write_file(run.config(), run_text(config));
  write_imported_weights(fresh.aside(), weights);
  run.write_record(record);
  fresh.commit();
  return folder;
}

}  // namespace lengthwise
