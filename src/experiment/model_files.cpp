#include "experiment/model_files.h"

#include "base/error.h"
#include "position/registry.h"

namespace lengthwise {

Metadata model_metadata(const Config& config, const Dataset& dataset) {
  Metadata metadata{{"format", "lengthwise checkpoint 1"},
                    {"corpus", dataset.name},
                    {"corpus_hash", dataset.hash},
                    {"vocabulary_size", std::to_string(dataset.vocabulary_size)}};
  for (const auto& [name, text] : option_texts(config, {"model", "position"}))
    metadata[name] = text;
  return metadata;
}

void check_changes(const Config& trained, const Config& measured) {
  check_test_time_scheme(trained.position.scheme, measured.position.scheme);
  // A change that nothing reads would stand in the table under a name that says it acted.
  const SchemeEntry& scheme = scheme_entry(measured.position.scheme);
  const auto before = option_texts(trained, {"position"});
  const auto after = option_texts(measured, {"position"});
  for (size_t i = 0; i < after.size(); ++i) {
    const std::string& name = after[i].first;
    if (before[i].second == after[i].second || reads_option(scheme, name)) continue;
    fail(
        "{}: is changed to {}, but {} does not read it; a scheme that does is named by "
        "position.scheme",
        name, after[i].second, scheme.name);
  }
}

Transformer load_model(const fs::path& checkpoint, const Config& trained, const Config& measured,
                       const Dataset& dataset) {
  const SafetensorsFile file(checkpoint);
  const auto defaults = option_texts(Config{}, {"model", "position"});
  const auto wanted = option_texts(trained, {"model", "position"});
  for (size_t i = 0; i < wanted.size(); ++i) {
    // An option younger than the checkpoint had its default's effect.
    const auto found = file.metadata().find(wanted[i].first);
    const std::string& stored = found == file.metadata().end() ? defaults[i].second : found->second;
    if (stored == wanted[i].second) continue;
    fail("{}: is of another model: its {} is {}, here it is {}", checkpoint.string(),
         wanted[i].first, stored, wanted[i].second);
  }
  check_changes(trained, measured);
  const std::string vocabulary_size = std::to_string(dataset.vocabulary_size);
  if (file.metadata("vocabulary_size") != vocabulary_size) {
    fail("{}: is of another vocabulary: of {} tokens, not {}", checkpoint.string(),
         file.metadata("vocabulary_size"), vocabulary_size);
  }
  if (file.metadata("corpus_hash") != dataset.hash) refuse_other_corpus(checkpoint, dataset);
  Transformer model = make_transformer(measured.model, measured.position, dataset.vocabulary_size);
  load_tensors(file, named_parameters(*model));
  return model;
}

std::string variant_of(const Config& trained, const Config& measured) {
  const auto before = option_texts(trained, {"model", "position"});
  const auto after = option_texts(measured, {"model", "position"});
  std::string changes;
  for (size_t i = 0; i < before.size(); ++i) {
    if (before[i].second == after[i].second) continue;
    changes += fmt::format("{}{}={}", changes.empty() ? "" : " ", after[i].first, after[i].second);
  }
  if (measured.evaluation.draws > 1) {
    changes +=
        fmt::format("{}evaluation.draws={}", changes.empty() ? "" : " ", measured.evaluation.draws);
  }
  return changes;
}

void refuse_other_corpus(const fs::path& path, const Dataset& dataset) {
  fail("{}: was made on other tokens than {} holds now; restore the data or train anew",
       path.string(), dataset.name);
}

}  // namespace lengthwise
