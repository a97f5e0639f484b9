#include "experiment/config.h"

#include <algorithm>
#include <thread>

#include "base/error.h"
#include "base/options.h"
#include "data/task.h"

namespace lengthwise {

void RunOptions::declare(OptionSet& options) {
  options.role(OptionRole::machine);
  options.add("run.folder", folder, "run folder; empty: runs/SCHEME-LTRAIN_LENGTH-seedSEED");
  options.add("run.threads", threads, "threads of LibTorch; small models gain nothing from more",
              AtLeast{1});
}

void Config::declare(OptionSet& options) {
  run.declare(options);
  data.declare(options);
  model.declare(options);
  position.declare(options);
  training.declare(options);
  evaluation.declare(options);
  grid.declare(options);
}

void RunOptions::validate() const {
  const int64_t cores = std::thread::hardware_concurrency();
  if (threads > cores && cores > 0) {
    fail(
        "run.threads: {} is more than the {} cores of this machine; threads that share a core wait "
        "for each other",
        threads, cores);
  }
}

void Config::validate() const {
  run.validate();
  data.validate();
  model.validate();
  position.validate(model.shape());
  training.validate();
  evaluation.validate();
  const bool is_task = data.corpus == "task";
  if (is_task != (evaluation.protocol == kTaskProtocol)) {
    fail("evaluation.protocol: {} does not fit data.corpus {}; set evaluation.protocol = {}",
         evaluation.protocol, data.corpus, is_task ? kTaskProtocol : "non_overlapping");
  }
}

fs::path Config::run_folder() const {
  if (!run.folder.empty()) return run.folder;
  return fs::path("runs") / run_name({position.scheme, model.train_length, training.seed});
}

std::string config_text(const Config& config, const std::vector<std::string>& sections) {
  Config copy = config;  // an option set binds to fields it may assign
  OptionSet options;
  copy.declare(options);
  return options.file_text(sections);
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
  return option.role == OptionRole::weights || option.role == OptionRole::test_time;
}

bool may_change_after_training(const Option& option) {
  return option.role == OptionRole::test_time;
}

std::map<std::string, std::string> named_file_hashes(const Config& config) {
  const auto names_a_file = [](const Option& option) {
    return decides_weights(option) && option.names_file;
  };
  std::map<std::string, std::string> hashes;
  for (const auto& [name, path] : option_texts(config, names_a_file)) {
    if (!path.empty()) hashes[name] = sha256_of_file(path);
  }
  return hashes;
}

Config read_config(const fs::path& path) {
  Config config;
  OptionSet options;
  config.declare(options);
  options.read_file(path);
  return config;
}

}  // namespace lengthwise
