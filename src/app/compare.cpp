#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "app/command.h"
#include "base/error.h"
#include "experiment/results.h"
#include "report/table.h"

namespace lengthwise {
namespace {

/// The only measurement the runs share, or the one that [evaluation] names.
std::optional<Measurement> chosen_measurement(const std::vector<RunRecord>& runs,
                                              const EvaluationOptions& options) {
  const auto all = measurements(runs);
  if (all.size() <= 1) return std::nullopt;
  const Measurement wanted{options.split, options.protocol, options.stride};
  if (std::ranges::find(all, wanted) == all.end()) {
    Words names;
    for (const Measurement& each : all) names.push_back(describe(each));
    fail("compare: nothing was measured on the {}; choose by --evaluation.*: {}", describe(wanted),
         fmt::join(names, "; "));
  }
  return wanted;
}

}  // namespace

int run_compare(const Words& arguments) {
  Config config;
  const Words folders = read_options(config, arguments);
  if (folders.empty()) fail("compare: no run folder is named");
  std::vector<RunRecord> runs;
  for (const std::string& folder : folders) runs.push_back(read_run(folder));
  const Comparison comparison = compare_runs(runs, chosen_measurement(runs, config.evaluation));
  fmt::print("{}", terminal_table(comparison));
  if (!config.grid.results.empty()) {
    Words words{"compare"};
    words.insert(words.end(), arguments.begin(), arguments.end());
    write_results(config.grid.results, comparison, runs, {"Comparison", command_line(words), ""});
    fmt::print("written: {}\n", config.grid.results);
  }
  return 0;
}

}  // namespace lengthwise
