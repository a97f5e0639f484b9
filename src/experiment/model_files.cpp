#include "experiment/model_files.h"

#include "base/error.h"

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

Transformer load_model(const fs::path& checkpoint, const Config& config, const Dataset& dataset) {
  const SafetensorsFile file(checkpoint);
  for (const auto& [name, wanted] : option_texts(config, {"model", "position"})) {
    if (file.metadata(name) != wanted) {
      fail("{}: is of another model: its {} is {}, here it is {}", checkpoint.string(), name,
           file.metadata(name), wanted);
    }
  }
  const std::string vocabulary_size = std::to_string(dataset.vocabulary_size);
  if (file.metadata("vocabulary_size") != vocabulary_size) {
    fail("{}: is of another vocabulary: of {} tokens, not {}", checkpoint.string(),
         file.metadata("vocabulary_size"), vocabulary_size);
  }
  if (file.metadata("corpus_hash") != dataset.hash) refuse_other_corpus(checkpoint, dataset);
  Transformer model = make_transformer(config.model, config.position, dataset.vocabulary_size);
  load_tensors(file, named_parameters(*model));
  return model;
}

void refuse_other_corpus(const fs::path& path, const Dataset& dataset) {
  fail("{}: was made on other tokens than {} holds now; restore the data or train anew",
       path.string(), dataset.name);
}

}  // namespace lengthwise
