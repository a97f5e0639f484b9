#include "experiment/grid.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/error.h"
#include "base/options.h"
#include "base/text.h"
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

bool is_read_by(const std::string& scheme, const std::string& alternative) {
  return std::ranges::all_of(options_of(alternative), [&](const auto& option) {
    return !option.first.starts_with("position.") ||
           reads_option(scheme_entry(scheme), option.first);
  });
}

void check_alternative(const std::string& alternative, const std::vector<std::string>& schemes) {
  const auto reads = [&](const std::string& scheme) { return is_read_by(scheme, alternative); };
  if (std::ranges::none_of(schemes, reads)) {
    fail("experiment.alternatives: '{}' is read by none of experiment.schemes {}", alternative,
         value_text(schemes));
  }
}

}  // namespace

void GridOptions::declare(OptionSet& options) {
  options.add("experiment.question", question, "what the experiment asks, for the report");
  options.add("experiment.schemes", schemes, "positional schemes compared", OneOf{scheme_names()});
  options.add("experiment.train_lengths", train_lengths, "train lengths compared", AtLeast{1});
  options.add("experiment.seeds", seeds, "a run a seed", AtLeast{0});
  options.add("experiment.alternatives", alternatives,
              "options to train with besides those given, as 'model.heads=8 "
              "position.rotary.base=500000' (a:b for both at once), where a scheme reads them");
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
  if (!alternatives.empty()) check_axis("experiment.alternatives", alternatives);
  for (const std::string& alternative : alternatives) check_alternative(alternative, schemes);
  if (folder.empty()) fail("experiment.folder: is empty; name a folder for the runs");
}

std::vector<std::pair<std::string, std::string>> options_of(const std::string& alternative) {
  static const std::set<std::string> kAxes = {"position.scheme", "model.train_length",
                                              "training.seed"};
  std::vector<std::pair<std::string, std::string>> options;
  for (const std::string& piece : split(alternative, ":")) {
    const size_t equals = piece.find('=');
    if (equals == std::string::npos || equals == 0) {
      fail("experiment.alternatives: '{}' is no OPTION=VALUE", piece);
    }
    const std::string name = piece.substr(0, equals);
    const std::string section = name.substr(0, name.find('.'));
    if (kAxes.contains(name) ||
        (section != "model" && section != "position" && section != "training")) {
      fail(
          "experiment.alternatives: '{}' cannot be one; it takes options of [model], [position] "
          "and [training], but for the scheme, the train length and the seed",
          name);
    }
    options.emplace_back(name, piece.substr(equals + 1));
  }
  return options;
}

std::vector<GridRun> grid_runs(const GridOptions& options) {
  std::vector<GridRun> runs;
  for (int64_t seed : options.seeds) {
    for (int64_t train_length : options.train_lengths) {
      for (const std::string& scheme : options.schemes) {
        runs.push_back({scheme, train_length, seed});
        for (const std::string& alternative : options.alternatives) {
          if (!is_read_by(scheme, alternative)) continue;
          runs.push_back({scheme, train_length, seed, alternative});
        }
      }
    }
  }
  return runs;
}

std::string run_name(const GridRun& run) {
  std::string alternative = run.alternative.empty() ? "" : "-" + run.alternative;
  std::ranges::replace(alternative, '/', '_');
  return fmt::format("{}{}-L{}-seed{}", run.scheme, alternative, run.train_length, run.seed);
}

}  // namespace lengthwise
