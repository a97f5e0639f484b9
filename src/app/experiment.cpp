#include <fmt/format.h>

#include <cstdio>

#include "app/command.h"
#include "app/display.h"
#include "base/plain_text.h"
#include "data/dataset.h"
#include "experiment/comparison_request.h"
#include "experiment/evaluate_run.h"
#include "experiment/experiment_folder.h"
#include "experiment/imported_experiment.h"
#include "experiment/provenance.h"
#include "experiment/train_run.h"
#include "report/kinds/comparison_kind.h"
#include "report/results/results.h"

namespace lengthwise {
namespace {

std::string experiment_command(Words arguments) {
  arguments.insert(arguments.begin(), "experiment");
  return command_line(arguments);
}

/// The comparison of the runs that came through.
void compare(const Config& config, const std::vector<GridProgress>& progress,
             const ResultsFolder& folder, const Words& arguments) {
  std::vector<fs::path> done;
  for (const GridProgress& run : progress) {
    if (run.state == GridProgress::State::done) done.push_back(run.folder);
  }
  if (done.empty()) return;
  const std::vector<RunRecord> runs = read_runs(done);
  const auto is_given = [](const std::string& name) {
    // An experiment shows what it measured. Of a limit beyond the split's size the records know
    // nothing.
    return name != "evaluation.max_tokens" && name != "evaluation.examples";
  };
  const AnyComparison comparison =
      full_comparison(runs, comparison_request(config, is_given), config.grid.published);
  fmt::print("\n{}\n", kind_of(comparison)->terminal_text());
  const Provenance made = provenance();
  show_written(folder.path(),
               write_results(folder, comparison, runs,
                             {config.grid.question.empty() ? "Experiment" : config.grid.question,
                              experiment_command(arguments), config_text(config), made.version,
                              made.commit, utc_time()}));
}

/// What the data cannot serve is said before the first run, not by each of them. Text is prepared
/// here once and out loud, not by every run at the same time.
void check_data(const Config& config) {
  if (!config.grid.imported.empty()) return;  // one run, whose first evaluation says it
  const Dataset dataset = open_dataset(config.data);
  for (const GridRun& run : grid_runs(config)) {
    check_training_data(run_config(config, run), dataset);
  }
  check_evaluation_data(config, dataset);
}

}  // namespace

int run_experiment(const Words& arguments) {
  Config config;
  const Words given = read_files_and_options(config, arguments, Unread::leave);
  config = with_imported_run(config);
  validate_grid(config, given);
  check_experiment_folder(config);
  const ResultsFolder results(results_folder(config.grid));
  check_data(config);
  if (!config.grid.results.empty()) results.claim();

  GridDisplay display;
  const auto progress = run_grid(
      config, [&](const GridReport& report) { display.show(report); }, stop_on_signals());
  size_t failed = 0, stopped = 0;
  for (const GridProgress& run : progress) {
    failed += run.state == GridProgress::State::failed ? 1 : 0;
    stopped +=
        run.state == GridProgress::State::done || run.state == GridProgress::State::failed ? 0 : 1;
  }
  if (stopped > 0) {
    fmt::print("stopped; go on with: {}\n", experiment_command(arguments));
    return 1;
  }
  compare(config, progress, results, arguments);
  std::fflush(stdout);
  for (const GridProgress& run : progress) {
    if (run.state == GridProgress::State::failed) {
      const std::string line = one_line(fmt::format("{} failed: {}", run.name, run.failure));
      std::fputs(fmt::format("lengthwise: {}\n", line).c_str(), stderr);
    }
  }
  return failed == 0 ? 0 : 1;
}

}  // namespace lengthwise
