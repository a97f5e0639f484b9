#include "experiment/config.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <thread>

#include "base/error.h"
#include "base/options.h"
#include "data/tasks/task.h"
#include "data/text/text_corpus.h"
#include "data/text/vocabulary.h"
#include "position/registry.h"

namespace lengthwise {
namespace {

/// "position.scheme = randomized"
std::string drawing_schemes() {
  std::vector<std::string_view> names;
  for (const SchemeEntry& entry : scheme_entries()) {
    if (entry.draws_positions) names.push_back(entry.name);
  }
  return fmt::format("position.scheme = {}", fmt::join(names, " or "));
}

std::string corpus_name(const DataOptions& data) {
  if (data.corpus == "task") return data.task;
  return data.corpus == "text" ? prepared_folder(data).filename().string() : data.corpus;
}

/// Whether a run of these options and texts was begun there.
bool holds_run_of(const fs::path& folder, const Config& config) {
  const auto decides = [](const Option& option) {
    const bool data = option.role == OptionRole::tokens || option.role == OptionRole::text;
    return (data && option.is_read()) || is_effective(option);
  };
  try {
    return fs::exists(folder / "config.ini") &&
           option_texts(read_config(folder / "config.ini").resolved(), decides) ==
               option_texts(config.resolved(), decides);
  } catch (const UserError&) {
    return false;  // it is no run's
  }
}

}  // namespace

void RunOptions::declare(OptionSet& options) {
  options.role(OptionRole::machine);
  options.add("run.folder", folder,
              "run folder; empty: runs/CORPUS-SCHEME-LTRAIN_LENGTH-seedSEED, of the corpus "
              "ideal_reader without it");
  options.add("run.threads", threads, "threads of LibTorch; small models gain nothing from more",
              AtLeast{1});
  options.add("run.device", device,
              "cpu, or cuda (the first), cuda:1 ... where scripts/setup --cuda was run");
  options
      .add("run.precision", precision,
           "of matrix products: fp32, or bf16; all else is fp32. evaluate takes fp32 unless told, "
           "whatever the training was",
           OneOf{{"fp32", "bf16"}, {{"float32", "fp32"}, {"bfloat16", "bf16"}}})
      .as(OptionRole::weights_and_measurement);
  options
      .add("run.slow_precision", slow_precision,
           "take bf16 also where the machine has no instructions for it")
      .read_when([this] { return precision == "bf16"; }, "run.precision = bf16");
  options.add("run.dry_run", dry_run,
              "train: say what the run would be, its shapes, memory and time, and train nothing");
  options.add("run.profile", profile,
              "train: a file for a Chrome trace of five steps, of which a table says where their "
              "time goes; empty: none");
}

void ImportOptions::declare(OptionSet& options) {
  options.role(OptionRole::machine);
  options.add("import.copy", copy,
              "copy the weights into the run folder; else they stay where they are, and the run "
              "holds their place and hash");
  OneOf kinds{{"any"}};
  for (const VocabularyKind& kind : vocabulary_kinds()) {
    if (kind.comes_with_checkpoints) kinds.names.emplace_back(kind.name);
  }
  options.add("import.tokenizer", tokenizer,
              "the checkpoint's tokenizer to take; any: the first of these that is there", kinds);
}

void Config::declare(OptionSet& options) {
  run.declare(options);
  data.declare(options);
  model.declare(options);
  position.declare(options);
  training.declare(options);
  evaluation.declare(options);
  grid.declare(options);
  import.declare(options);
  // What one section's options say of another's.
  options.find("evaluation.draws")
      .read_when([this] { return scheme_entry(position.scheme).draws_positions; },
                 drawing_schemes());
  options.find("training.validation_tokens")
      .read_when([this] { return data.corpus != "task"; }, "a data.corpus of text");
  options.find("training.order")
      .read_when([this] { return data.corpus != "task"; }, "a data.corpus of text");
}

void RunOptions::validate() const {
  const int64_t cores = std::thread::hardware_concurrency();
  if (threads > cores && cores > 0) {
    fail(
        "run.threads: {} is more than the {} cores of this machine; threads that share a core wait "
        "for each other",
        threads, cores);
  }
  const fs::path parent = fs::path(profile).parent_path();
  if (!parent.empty() && !fs::is_directory(parent)) {
    fail("run.profile: {}: there is no folder {}", profile, parent.string());
  }
}

void Config::validate() const {
  run.validate();
  data.validate();
  model.validate();
  position.validate(model.shape());
  training.validate();
  training.check_batch(model.train_length);
  evaluation.validate();
  const bool is_task = data.corpus == "task";
  if (is_task != (evaluation.protocol == kTaskProtocol)) {
    fail("evaluation.protocol: {} does not fit data.corpus {}; set evaluation.protocol = {}",
         evaluation.protocol, data.corpus, is_task ? kTaskProtocol : "non_overlapping");
  }
}

void Config::check_texts(const std::string& split) const {
  if (data.corpus != "text" || data.train.empty()) return;
  if (training.validate_every > 0 && data.valid.empty()) {
    fail(
        "data.valid: is empty, but training.validate_every is {}; name a text there, or set "
        "training.validate_every = 0",
        training.validate_every);
  }
  if (split == "test" && data.test.empty()) {
    fail("data.test: is empty, but evaluation.split is test; name a text there, or another split");
  }
  if (split == "valid" && data.valid.empty()) {
    fail(
        "data.valid: is empty, but evaluation.split is valid; name a text there, or another split");
  }
}

Config Config::resolved() const {
  Config numbers = *this;
  numbers.model.embedding_std = model.initial_embedding_std();
  numbers.training.warmup_steps = training.warmup();
  numbers.training.batch_windows = training.windows_of(model.train_length);
  return numbers;
}

fs::path Config::run_folder() const {
  if (!run.folder.empty()) return run.folder;
  const std::string name = run_name({position.scheme, model.train_length, training.seed});
  const fs::path without_corpus = fs::path("runs") / name;
  if (data.corpus == DataOptions().corpus || holds_run_of(without_corpus, *this)) {
    return without_corpus;
  }
  return fs::path("runs") / fmt::format("{}-{}", corpus_name(data), name);
}

std::string config_text(const Config& config) {
  Config copy = config;  // an option set binds to fields it may assign
  OptionSet options;
  copy.declare(options);
  return options.file_text();
}

std::string run_text(const Config& config) {
  Config copy = config;
  OptionSet options;
  copy.declare(options);
  return options.file_text({"run", "data", "model", "position", "training", "evaluation"});
}

std::vector<std::pair<std::string, std::string>> option_texts(
    const Config& config, const std::function<bool(const Option&)>& wanted) {
  Config copy = config;
  OptionSet options;
  copy.declare(options);
  std::vector<std::pair<std::string, std::string>> texts;
  for (const Option& option : options.all()) {
    if (wanted(option)) texts.emplace_back(option.name, option.text());
  }
  return texts;
}

bool decides_weights(const Option& option) {
  return option.role == OptionRole::weights || option.role == OptionRole::test_time ||
         option.role == OptionRole::weights_and_measurement;
}

bool says_how_to_measure(const Option& option) {
  return option.section() == "evaluation" && option.role != OptionRole::results;
}

bool may_change_after_training(const Option& option) {
  return option.may_change_after_training();
}

bool says_where_to_compute(const Option& option) {
  return option.section() == "run" && option.name != "run.folder" && option.name != "run.dry_run";
}

bool is_effective(const Option& option) {
  return decides_weights(option) && option.is_read();
}

std::map<std::string, std::string> effective_options(const Config& config) {
  std::map<std::string, std::string> effective;
  for (const auto& [name, text] : option_texts(config.resolved(), is_effective)) {
    effective[name] = text;
  }
  for (const auto& [name, hash] : named_file_hashes(config)) effective[name] = hash;
  return effective;
}

std::map<std::string, std::string> named_file_hashes(const Config& config) {
  Config copy = config;
  OptionSet options;
  copy.declare(options);
  std::map<std::string, std::string> hashes;
  for (const Option& option : options.all()) {
    if (!is_effective(option)) continue;
    if (std::string hash = option.content_hash(); !hash.empty()) hashes[option.name] = hash;
  }
  return hashes;
}

Config with_kept_scheme(Config config, const fs::path& folder) {
  const std::string text = scheme_text(config.position.scheme);
  if (text.empty()) return config;
  config.position.scheme = fs::path(config.position.scheme).filename().string();
  write_file(folder / config.position.scheme, text);
  return config;
}

Config read_config(const fs::path& path) {
  Config config;
  OptionSet options;
  config.declare(options);
  options.read_file(path);
  return config;
}

}  // namespace lengthwise
