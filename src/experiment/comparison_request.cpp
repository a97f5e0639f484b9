#include "experiment/comparison_request.h"

#include "base/options.h"
#include "data/task.h"
#include "position/registry.h"

namespace lengthwise {
namespace {

/// The options that make runs different runs, but for those that rows have by themselves.
std::map<std::string, std::string> settings() {
  std::map<std::string, std::string> all;
  Config defaults;
  OptionSet options;
  defaults.declare(options);
  for (const Option& option : options.all()) {
    const bool decides = option.role == OptionRole::weights || option.role == OptionRole::test_time;
    if (decides) all[option.name] = option.default_text;
  }
  for (const char* row : {"position.scheme", "model.train_length", "training.seed"}) all.erase(row);
  all["data.documents"] = defaults.data.documents;
  return all;
}

}  // namespace

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
