#include "experiment/export_run.h"

#include <spdlog/spdlog.h>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/safetensors.h"
#include "base/text.h"
#include "checkpoints/export.h"
#include "data/text/source_files.h"
#include "data/text/stored_vocabulary.h"
#include "experiment/imported_weights.h"
#include "experiment/run_folder.h"

namespace lengthwise {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kVocabularyFolder = "vocabulary";

std::string utf8(int point) {
  if (point < 0x80) return {static_cast<char>(point)};
  return {static_cast<char>(0xC0 | (point >> 6)), static_cast<char>(0x80 | (point & 0x3F))};
}

/// How byte-level tokenizers write a byte (Radford et al. 2019): printable ones as themselves, the
/// others as the code points from 256 on.
std::string written_byte(int byte) {
  const auto printable = [](int b) {
    return (b >= 33 && b <= 126) || (b >= 161 && b <= 172) || b >= 174;
  };
  if (printable(byte)) return utf8(byte);
  int place = 256;
  for (int before = 0; before < byte; ++before) place += printable(before) ? 0 : 1;
  return utf8(place);
}

/// A tokenizer.json whose tokens are the bytes.
std::string byte_tokenizer() {
  Json vocabulary = Json::object();
  for (int byte = 0; byte < 256; ++byte) vocabulary[written_byte(byte)] = byte;
  const Json level = {{"type", "ByteLevel"},
                      {"add_prefix_space", false},
                      {"trim_offsets", true},
                      {"use_regex", false}};
  const Json tokenizer = {{"version", "1.0"},
                          {"truncation", nullptr},
                          {"padding", nullptr},
                          {"added_tokens", Json::array()},
                          {"normalizer", nullptr},
                          {"pre_tokenizer", level},
                          {"post_processor", nullptr},
                          {"decoder", level},
                          {"model",
                           {{"type", "BPE"},
                            {"dropout", nullptr},
                            {"unk_token", nullptr},
                            {"continuing_subword_prefix", nullptr},
                            {"end_of_word_suffix", nullptr},
                            {"fuse_unk", false},
                            {"byte_fallback", false},
                            {"vocab", vocabulary},
                            {"merges", Json::array()}}}};
  return tokenizer.dump(1) + '\n';
}

void write_tokenizer(const fs::path& vocabulary_folder, const fs::path& folder) {
  const std::string kind = fs::exists(vocabulary_folder) ? find_vocabulary(vocabulary_folder).kind
                                                         : std::string("task or corpus");
  if (kind == "byte") {
    write_file(folder / "tokenizer.json", byte_tokenizer());
    write_file(folder / "tokenizer_config.json",
               "{\"tokenizer_class\": \"PreTrainedTokenizerFast\"}\n");
  } else if (kind == "bpe") {
    write_file(folder / "tokenizer.model", read_file(find_vocabulary(vocabulary_folder).file()));
  } else {
    spdlog::info("export: a {} vocabulary has no tokenizer of Hugging Face's; none is written",
                 kind);
  }
}

CheckpointModel described(const Config& config, int64_t vocabulary_size) {
  CheckpointModel model;
  model.model = config.model;
  model.position = config.position;
  model.vocabulary_size = vocabulary_size;
  return model;
}

}  // namespace

std::string export_run(const fs::path& run, const fs::path& given) {
  const RunFolder from(run);
  if (!from.exists()) fail("{}: is no run folder: it has no config.ini", run.string());
  if (is_imported(run)) {
    fail("{}: was imported; its weights lie in a Hugging Face folder already", run.string());
  }
  const fs::path folder = with_file_name(given);
  if (fs::exists(folder)) {
    fail("{}: is there already; name a folder that is not", folder.string());
  }
  if (!fs::exists(from.checkpoint("last"))) {
    fail("{}: is not there; train the run to its end", from.checkpoint("last").string());
  }
  const SafetensorsFile checkpoint(from.checkpoint("last"));
  CheckpointModel model = described(read_config(from.config()),
                                    parse_integer(checkpoint.metadata("vocabulary_size")).value());
  // Families have no such factor; where the matrix is not the output's too, it can bear it.
  double embedding_factor = 1;
  if (!model.model.tied_embeddings) {
    std::swap(embedding_factor, model.model.embedding_scale);
  }
  const ExportedConfig exported = exported_config(model);
  if (folder.has_parent_path()) make_folder(folder.parent_path());
  AtomicFolder fresh(folder);
  write_file(fresh.aside() / "config.json", exported.config_json);
  write_exported_weights(fresh.aside() / "model.safetensors", *exported.family, model.model,
                         checkpoint, embedding_factor);
  write_tokenizer(run / kVocabularyFolder, fresh.aside());
  fresh.commit();
  return std::string(exported.family->architecture);
}

}  // namespace lengthwise
