#include <fmt/format.h>

#include "app/command.h"
#include "app/display.h"
#include "base/error.h"
#include "data/dataset.h"
#include "experiment/compare_finished.h"
#include "experiment/evaluate_run.h"
#include "experiment/results.h"
#include "experiment/train_run.h"

namespace lengthwise {
namespace {

std::string experiment_command(Words arguments) {
  arguments.insert(arguments.begin(), "experiment");
  return command_line(arguments);
}

/// The comparison of the runs that came through.
void compare(const Config& config, const std::vector<GridProgress>& progress,
             const Words& arguments) {
  std::vector<RunRecord> runs;
  for (const GridProgress& run : progress) {
    if (run.state == GridProgress::State::done) runs.push_back(read_run(run.folder));
  }
  if (runs.empty()) return;
  const Comparison comparison =
      compare_finished(runs, config, comparison_request(config, [](const std::string& name) {
                         // An experiment shows what it measured. Of a limit beyond the split's size
                         // the records know nothing.
                         return name != "evaluation.max_tokens" && name != "evaluation.examples";
                       }));
  const fs::path folder = config.grid.results.empty() ? fs::path(config.grid.folder) / "comparison"
                                                      : fs::path(config.grid.results);
  write_results(folder, comparison, runs,
                {config.grid.question.empty() ? "Experiment" : config.grid.question,
                 experiment_command(arguments), config_text(config)});
  fmt::print("\n{}\nwritten: {}\n", terminal_text(comparison), folder.string());
}

/// What the data cannot serve is said before the first run, not by each of them. Text is prepared
/// here once and out loud, not by every run at the same time.
void check_data(const Config& config) {
  const Dataset dataset = open_dataset(config.data);
  for (const GridRun& run : grid_runs(config)) {
    check_training_data(run_config(config, run), dataset);
  }
  check_evaluation_data(config, dataset);
}

}  // namespace

int run_experiment(const Words& arguments) {
  Config config;
  validate_grid(config, read_files_and_options(config, arguments, Unread::leave));
  check_data(config);

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
  compare(config, progress, arguments);
  for (const GridProgress& run : progress) {
    if (run.state == GridProgress::State::failed) {
      fmt::print(stderr, "lengthwise: {} failed: {}\n", run.name, run.failure);
    }
  }
  return failed == 0 ? 0 : 1;
}

}  // namespace lengthwise
