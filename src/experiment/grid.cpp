#include "experiment/grid.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/error.h"
#include "base/options.h"
#include "position/registry.h"

namespace lengthwise {
namespace {

template <class Value>
void check_axis(const std::string& name, const std::vector<Value>& values) {
  if (values.empty()) fail("{}: is empty; an experiment needs at least one", name);
  if (std::set<Value>(values.begin(), values.end()).size() != values.size()) {
    fail("{}: '{}' names one twice", name, value_text(values));
  }
}

}  // namespace

void GridOptions::declare(OptionSet& options) {
  options.add("experiment.question", question, "what the experiment asks, for the report");
  options.add("experiment.schemes", schemes, "positional schemes compared", OneOf{scheme_names()});
  options.add("experiment.train_lengths", train_lengths, "train lengths compared", AtLeast{1});
  options.add("experiment.seeds", seeds, "a run a seed", AtLeast{0});
  options.add("experiment.folder", folder, "where the run folders lie");
  options.add("experiment.results", results,
              "where table and curve go; empty: 'comparison' in the experiment's folder");
  options.add("experiment.published", published,
              "files of published numbers to stand beside ours where the data are the same, as "
              "results/published/press2021.csv");
  options.add("experiment.jobs", jobs, "runs side by side, each with run.threads threads",
              Between{1, 1024});
}

void GridOptions::validate() const {
  check_axis("experiment.schemes", schemes);
  check_axis("experiment.train_lengths", train_lengths);
  check_axis("experiment.seeds", seeds);
  if (folder.empty()) fail("experiment.folder: is empty; name a folder for the runs");
}

std::vector<GridRun> grid_runs(const GridOptions& options) {
  std::vector<GridRun> runs;
  for (int64_t seed : options.seeds) {
    for (int64_t train_length : options.train_lengths) {
      for (const std::string& scheme : options.schemes)
        runs.push_back({scheme, train_length, seed});
    }
  }
  return runs;
}

std::string run_name(const std::string& scheme, int64_t train_length, int64_t seed) {
  return fmt::format("{}-L{}-seed{}", scheme, train_length, seed);
}

}  // namespace lengthwise
