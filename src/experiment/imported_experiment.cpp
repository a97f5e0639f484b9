#include "experiment/imported_experiment.h"

#include <algorithm>

#include "base/error.h"
#include "experiment/imported_weights.h"
#include "experiment/run_folder.h"

namespace lengthwise {
namespace {

/// Gives `config` the values that decide the run's answers; what the run does not read, as the
/// factors of a change, stays as the experiment has it.
void take_answers(Config& run, Config& config) {
  OptionSet from, into;
  run.declare(from);
  config.declare(into);
  for (const Option& option : from.all()) {
    if (is_effective(option)) into.find(option.name).assign(option.text());
  }
}

}  // namespace

Config with_imported_run(const Config& config) {
  if (config.grid.imported.empty()) return config;
  const fs::path folder = config.grid.imported;
  if (!is_imported(folder)) {
    fail("experiment.imported: {} is no imported run; `lengthwise import` makes one",
         folder.string());
  }
  if (!config.grid.alternatives.empty()) {
    fail("experiment.alternatives: are trained, and {} is imported; use experiment.changes",
         folder.string());
  }
  Config run = read_config(RunFolder(folder).config());
  Config adopted = config;
  take_answers(run, adopted);
  const bool names_text = !config.data.test.empty() || !config.data.valid.empty() ||
                          !config.data.train.empty() || !config.data.folder.empty();
  if (!names_text) adopted.data = run.data;
  adopted.data.corpus = run.data.corpus;
  adopted.data.vocabulary = run.data.vocabulary;
  adopted.data.vocabulary_size = run.data.vocabulary_size;
  adopted.grid.schemes = {run.position.scheme};
  adopted.grid.train_lengths = {run.model.train_length};
  adopted.grid.seeds = {run.training.seed};
  return adopted;
}

void place_imported_run(const fs::path& imported, const Config& config) {
  const RunFolder from(imported), to(config.run.folder);
  ImportedWeights weights = read_imported_weights(imported);
  for (ImportedWeights::File& file : weights.files) file.path = fs::absolute(file.path);
  if (is_imported(to.path())) {
    const ImportedWeights before = read_imported_weights(to.path());
    if (!std::ranges::equal(before.files, weights.files, {}, &ImportedWeights::File::sha256,
                            &ImportedWeights::File::sha256)) {
      fail("experiment.folder: {} holds other weights than {}; name another folder",
           to.path().string(), imported.string());
    }
    write_file(to.config(), run_text(config));
    return;
  }
  to.check(config);
  AtomicFolder fresh(to.path());
  fs::copy(imported / "vocabulary", fresh.aside() / "vocabulary");
  fs::copy_file(from.record(), fresh.aside() / from.record().filename());
  write_imported_weights(fresh.aside(), weights);
  write_file(RunFolder(fresh.aside()).config(), run_text(config));
  fresh.commit();
}

}  // namespace lengthwise
