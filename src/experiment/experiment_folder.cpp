#include "experiment/experiment_folder.h"

#include <algorithm>

#include "base/error.h"
#include "base/folder_mark.h"
#include "experiment/run_folder.h"
#include "experiment/run_grid.h"

namespace lengthwise {
namespace {

constexpr const char* kContent = "experiment";
constexpr const char* kLogs = "logs";

bool is_marked(const fs::path& folder) {
  return read_mark(folder).has_value();
}

/// Of an experiment that is older than marks: logs, each named for a run beside them.
bool has_logs_of_runs(const fs::path& folder) {
  if (!fs::is_directory(folder / kLogs)) return false;
  return std::ranges::any_of(fs::directory_iterator(folder / kLogs), [&](const auto& log) {
    return log.path().extension() == ".txt" && RunFolder(folder / log.path().stem()).is_run();
  });
}

bool is_run_or_experiment(const fs::path& entry) {
  return is_unfinished(entry) || RunFolder(entry).is_run() || is_marked(entry) ||
         has_logs_of_runs(entry);
}

bool is_ours(const fs::path& folder) {
  return !holds_files(folder) || is_marked(folder) || has_logs_of_runs(folder) ||
         std::ranges::all_of(fs::directory_iterator(folder), is_run_or_experiment);
}

/// Whether `path` is `folder` or lies in it.
bool within(const fs::path& path, const fs::path& folder) {
  const fs::path inner = fs::weakly_canonical(path), outer = fs::weakly_canonical(folder);
  const auto [at, end] = std::ranges::mismatch(outer, inner);
  return at == outer.end();
}

void check_results(const Config& config) {
  const GridOptions& options = config.grid;
  const fs::path results = results_folder(options), folder = options.folder;
  if (within(results, folder) && within(folder, results)) {
    fail(
        "experiment.results: {} is experiment.folder, which holds the runs; name another, or leave "
        "it out for {}",
        results.string(), (folder / "comparison").string());
  }
  std::vector<fs::path> taken{folder / kLogs};
  for (const GridRun& run : grid_runs(config)) taken.push_back(folder / run_name(run));
  for (const fs::path& path : taken) {
    if (!within(results, path)) continue;
    fail("experiment.results: {} lies in {}, which the experiment writes itself; name another",
         results.string(), path.string());
  }
}

}  // namespace

fs::path results_folder(const GridOptions& options) {
  return options.results.empty() ? fs::path(options.folder) / "comparison"
                                 : fs::path(options.results);
}

void check_experiment_folder(const Config& config) {
  const fs::path folder = config.grid.folder;
  check_writable_folder("experiment.folder", folder);
  if (!is_ours(folder)) {
    fail(
        "experiment.folder: {} holds what no experiment wrote; name a folder that is not there "
        "yet, or an empty one",
        folder.string());
  }
  for (const GridRun& run : grid_runs(config)) {
    RunFolder(folder / run_name(run)).check(run_config(config, run));
  }
  check_results(config);
}

void claim_experiment_folder(const GridOptions& options) {
  if (is_marked(options.folder)) return;
  make_folder(options.folder);
  write_mark(options.folder, {kContent, {}});
}

}  // namespace lengthwise
