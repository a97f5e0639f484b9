#include "experiment/comparison_request.h"

#include "base/error.h"
#include "base/options.h"
#include "data/tasks/task.h"
#include "position/registry.h"

namespace lengthwise {
namespace {

/// The options that make runs different runs, but for those that rows have by themselves.
std::map<std::string, std::string> settings() {
  const Config defaults = Config{}.resolved();
  std::map<std::string, std::string> all;
  for (const auto& [name, text] : option_texts(defaults, [](const Option& option) {
         return decides_weights(option) && option.axis.empty();
       })) {
    all[name] = text;
  }
  all["data.documents"] = defaults.data.documents;
  return all;
}

/// The names of what decides weights but was not read under the options that a run had; none where
/// the run is of another version, whose values mean nothing here.
std::vector<std::string> unread_options(const std::map<std::string, std::string>& run_options) {
  Config config;
  OptionSet options;
  config.declare(options);
  try {
    for (const Option& option : options.all()) {
      const auto given = run_options.find(option.name);
      const bool decides = decides_weights(option) || option.role == OptionRole::tokens;
      if (given != run_options.end() && decides) option.assign(given->second);
    }
  } catch (const UserError&) {
    return {};
  }
  std::vector<std::string> names;
  for (const Option& option : options.all()) {
    if (decides_weights(option) && !option.is_read()) names.push_back(option.name);
  }
  return names;
}

}  // namespace

std::vector<RunRecord> read_runs(const std::vector<fs::path>& folders) {
  std::vector<RunRecord> runs;
  for (const fs::path& folder : folders) {
    RunRecord& run = runs.emplace_back(read_run(folder));
    for (const std::string& name : unread_options(run.options)) {
      run.options.erase(name);
      run.file_hashes.erase(name);
    }
  }
  return runs;
}

ComparisonRequest comparison_request(const Config& config,
                                     const std::function<bool(const std::string&)>& is_given) {
  const EvaluationOptions& options = config.evaluation;
  ComparisonRequest request;
  const auto choose = [&](const char* name) -> MeasurementChoice& {
    return is_given(std::string("evaluation.") + name) ? request.wanted : request.usual;
  };
  const bool is_task = options.protocol == kTaskProtocol;
  choose("split").split = options.split;
  choose(is_given("evaluation.counting") ? "counting" : "protocol").protocol =
      options.protocol_label();
  if (options.stride > 0) choose("stride").stride = options.stride;
  if (options.last > 0) choose("last").window_targets = options.last;
  if (options.first_token != "vocabulary") choose("first_token").first_token = options.first_token;
  if (!is_task) choose("max_tokens").max_tokens = options.max_tokens;
  if (is_task) choose("examples").examples = options.examples;
  if (is_given("evaluation.checkpoint")) request.wanted.weights = options.checkpoint;
  if (is_given("evaluation.lengths")) request.wanted.lengths = options.lengths;
  if (!options.text.empty()) request.wanted.text = options.text;
  request.settings = settings();
  request.schemes = scheme_names();
  return request;
}

}  // namespace lengthwise
