#include "experiment/compare_finished.h"

#include <fmt/ranges.h>

#include "base/error.h"
#include "report/comparison/published.h"
#include "report/comparison/task_accuracy.h"
#include "report/comparison/token_statistics.h"

namespace lengthwise {
namespace {

bool is_wanted(const Measurement& measurement, const EvaluationOptions& options) {
  const int64_t scored =
      measurement.window_targets == 0 ? measurement.stride : measurement.window_targets;
  return measurement.split == options.split && measurement.protocol == options.protocol_label() &&
         (options.stride == 0 || options.stride == measurement.stride) &&
         (options.last == 0 || options.last == scored) &&
         (options.first_token == "vocabulary" || options.first_token == measurement.first_token);
}

}  // namespace

std::optional<Measurement> choose_measurement(const std::vector<RunRecord>& runs,
                                              const EvaluationOptions& options) {
  const std::vector<Measurement> all = measurements(runs);
  if (all.size() <= 1) return std::nullopt;
  std::vector<std::string> names;
  std::vector<Measurement> wanted;
  for (const Measurement& each : all) {
    names.push_back(describe(each));
    if (is_wanted(each, options)) wanted.push_back(each);
  }
  if (wanted.size() == 1) return wanted.front();
  fail("compare: {} was measured on the {} split, {} windows{}; choose by --evaluation.*: {}",
       wanted.empty() ? "nothing" : "more than one thing", options.split, options.protocol_label(),
       options.stride == 0 ? "" : fmt::format(", stride {}", options.stride),
       fmt::join(names, "; "));
}

Comparison compare_finished(const std::vector<RunRecord>& runs, const Config& config) {
  Comparison comparison = compare_runs(runs, choose_measurement(runs, config.evaluation));
  if (comparison.is_task()) {
    add_task_accuracy(comparison);
    return comparison;
  }
  add_token_statistics(comparison);
  for (const std::string& csv : config.grid.published) add_published(comparison, csv);
  return comparison;
}

}  // namespace lengthwise
