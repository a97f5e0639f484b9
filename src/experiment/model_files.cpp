#include "experiment/model_files.h"

#include <fmt/ranges.h>

#include "base/error.h"
#include "checkpoints/attach.h"
#include "checkpoints/family.h"
#include "checkpoints/shards.h"
#include "experiment/imported_weights.h"
#include "position/query_factor.h"
#include "position/registry.h"

namespace lengthwise {
namespace {

bool is_of_the_model(const Option& option) {
  return option.name.starts_with("model.") || option.name.starts_with("position.");
}

/// What every file of the first formats had without saying so.
bool is_understood(const Option& option) {
  return is_of_the_model(option) || option.role == OptionRole::weights_and_measurement;
}

}  // namespace

Identity model_identity(const Config& config, const Dataset& dataset) {
  Identity identity;
  identity.wanted = {{"format", "lengthwise checkpoint 2"},
                     {"corpus", dataset.name},
                     {"corpus_hash", dataset.hash},
                     {"training_hash", dataset.training_hash},
                     {"vocabulary_hash", dataset.vocabulary_hash},
                     {"vocabulary_size", std::to_string(dataset.vocabulary_size)}};
  for (const auto& [name, text] : option_texts(config, is_effective)) {
    identity.wanted[name] = text;
  }
  // The same run repeated from its own copy of a scheme file has the same header.
  identity.wanted["position.scheme"] = fs::path(config.position.scheme).filename().string();
  for (const auto& [name, hash] : named_file_hashes(config)) {
    identity.wanted[name + ".sha256"] = hash;
  }
  // The first format did not hold [training].
  for (const auto& [name, text] : option_texts(Config{}.resolved(), is_understood)) {
    identity.defaults[name] = text;
  }
  return identity;
}

void check_changes(const Config& trained, const Config& measured) {
  check_test_time_scheme(trained.position.scheme, measured.position.scheme);
  check_test_time_query_factor(trained.position.query_factor, measured.position.query_factor);
  // A change that nothing reads would stand in the table under a name that says it acted.
  Config before = trained, after = measured;
  OptionSet old_options, new_options;
  before.declare(old_options);
  after.declare(new_options);
  for (size_t i = 0; i < new_options.all().size(); ++i) {
    const Option& option = new_options.all()[i];
    if (option.role == OptionRole::weights_and_measurement) continue;
    if (!decides_weights(option) || old_options.all()[i].text() == option.text()) continue;
    if (const std::string unmet = option.unmet_condition(); !unmet.empty()) {
      fail("{}: is changed to {}, but not read here; it is with {}", option.name, option.text(),
           unmet);
    }
    if (!option.may_change_after_training()) {
      fail("{}: is changed to {}, but after training it decides nothing", option.name,
           option.text());
    }
  }
}

Transformer load_model(const fs::path& checkpoint, const Config& trained, const Config& measured,
                       const Dataset& dataset) {
  const SafetensorsFile file(checkpoint);
  Identity identity = model_identity(trained, dataset);
  // The weights are what they are, whatever they were trained on and how.
  std::erase_if(identity.wanted,
                [](const auto& entry) { return entry.first.starts_with("training"); });
  check_identity(file, identity);
  check_changes(trained, measured);
  Transformer model = make_transformer(measured.model, measured.position, dataset.vocabulary_size);
  try {
    load_tensors(file, named_parameters(*model));
  } catch (const UserError& error) {
    const std::string changes = variant_of(trained, measured);
    if (changes.empty()) throw;
    fail("{}: these weights cannot be measured so: {}", changes, error.what());
  }
  return model;
}

Transformer load_imported_model(const fs::path& run_folder, const Config& trained,
                                const Config& measured, const Dataset& dataset) {
  const ImportedWeights weights = read_imported_weights(run_folder);
  if (dataset.vocabulary_size > weights.vocabulary_size) {
    fail("{}: has {} tokens, {} knows {}", dataset.name, dataset.vocabulary_size,
         run_folder.string(), weights.vocabulary_size);
  }
  check_changes(trained, measured);
  Transformer model = make_transformer(measured.model, measured.position, weights.vocabulary_size);
  std::vector<fs::path> files;
  for (const ImportedWeights::File& file : weights.files) files.push_back(file.path);
  attach_weights(model, family_named(weights.family), Shards::of_files(files));
  return model;
}

std::string variant_of(const Config& trained, const Config& measured) {
  const auto before = option_texts(trained, is_of_the_model);
  const auto after = option_texts(measured, is_of_the_model);
  const auto hashes = named_file_hashes(measured);
  std::vector<std::string> changes;
  for (size_t i = 0; i < before.size(); ++i) {
    const auto& [name, text] = after[i];
    if (before[i].second == text) continue;
    const auto hash = hashes.find(name);
    const std::string content = hash == hashes.end() ? "" : fmt::format("@{:.8}", hash->second);
    changes.push_back(fmt::format("{}={}{}", name, text, content));
  }
  if (measured.run.precision != RunOptions().precision) {
    changes.push_back(fmt::format("run.precision={}", measured.run.precision));
  }
  if (measured.evaluation.draws > 1) {
    changes.push_back(fmt::format("evaluation.draws={}", measured.evaluation.draws));
  }
  return fmt::format("{}", fmt::join(changes, " "));
}

}  // namespace lengthwise
