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

/// "model.window" of each "model.window=64".
std::vector<std::string> option_names(const std::string& options) {
  std::vector<std::string> names;
  for (const std::string& piece : split(options, ":")) {
    names.push_back(piece.substr(0, piece.find('=')));
  }
  return names;
}

void check_options(const std::string& list, const std::string& options,
                   bool (*is_allowed)(const std::string& name), std::string_view allowed) {
  for (const std::string& piece : split(options, ":")) {
    const size_t equals = piece.find('=');
    if (equals == std::string::npos || equals == 0) {
      fail("{}: '{}' is no OPTION=VALUE", list, piece);
    }
    const std::string name = piece.substr(0, equals);
    if (!is_allowed(name)) fail("{}: '{}' cannot be one; it takes {}", list, name, allowed);
  }
}

bool is_alternative(const std::string& name) {
  static const std::set<std::string> kAxes = {"position.scheme", "model.train_length",
                                              "training.seed"};
  const std::string section = name.substr(0, name.find('.'));
  return !kAxes.contains(name) &&
         (section == "model" || section == "position" || section == "training");
}

bool is_change(const std::string& name) {
  return name.starts_with("position.") || name == "model.window" || name == "model.sinks";
}

bool is_read_by(const std::string& scheme, const std::string& alternative) {
  return std::ranges::all_of(option_names(alternative), [&](const std::string& name) {
    return !name.starts_with("position.") || reads_option(scheme_entry(scheme), name);
  });
}

void check_alternative(const std::string& alternative, const std::vector<std::string>& schemes) {
  check_options("experiment.alternatives", alternative, is_alternative,
                "options of [model], [position] and [training], but for the scheme, the train "
                "length and the seed");
  const auto reads = [&](const std::string& scheme) { return is_read_by(scheme, alternative); };
  if (std::ranges::none_of(schemes, reads)) {
    fail("experiment.alternatives: '{}' is read by none of experiment.schemes {}", alternative,
         value_text(schemes));
  }
}

}  // namespace

void GridOptions::declare(OptionSet& options) {
  options.role(OptionRole::grid);
  options.add("experiment.question", question, "what the experiment asks, for the report")
      .as(OptionRole::presentation);
  options.add("experiment.schemes", schemes, "positional schemes compared", OneOf{scheme_names()});
  options.add("experiment.train_lengths", train_lengths, "train lengths compared", AtLeast{1});
  options.add("experiment.seeds", seeds, "a run a seed", AtLeast{0});
  options.add("experiment.alternatives", alternatives,
              "options to train with besides those given, as 'model.heads=8 "
              "position.rotary.base=500000' (a:b for both at once), where a scheme reads them");
  options.add("experiment.changes", changes,
              "what is changed after training and measured besides, as 'model.window=64 "
              "position.scheme=rotary_ntk:position.rotary_ntk.factor=16', where a run can take it");
  options.add("experiment.folder", folder, "where the run folders lie").as(OptionRole::machine);
  options
      .add("experiment.results", results,
           "where table and curve go; empty: 'comparison' in the experiment's folder")
      .as(OptionRole::presentation);
  options
      .add("experiment.published", published,
           "files of published numbers to stand beside ours where the data are the same, as "
           "results/published/press2021.csv")
      .as(OptionRole::presentation);
  options
      .add("experiment.jobs", jobs, "runs side by side, each with run.threads threads",
           Between{1, 1024})
      .as(OptionRole::machine);
}

void GridOptions::validate() const {
  check_axis("experiment.schemes", schemes);
  check_axis("experiment.train_lengths", train_lengths);
  check_axis("experiment.seeds", seeds);
  if (!alternatives.empty()) check_axis("experiment.alternatives", alternatives);
  for (const std::string& alternative : alternatives) check_alternative(alternative, schemes);
  if (!changes.empty()) check_axis("experiment.changes", changes);
  for (const std::string& change : changes) {
    check_options("experiment.changes", change, is_change,
                  "options of [position], model.window and model.sinks");
  }
  if (folder.empty()) fail("experiment.folder: is empty; name a folder for the runs");
}

std::vector<std::string> option_words(const std::string& options) {
  std::vector<std::string> words;
  for (const std::string& piece : split(options, ":")) words.push_back("--" + piece);
  return words;
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
  std::ranges::replace(alternative, '/', '_');  // a folder's name, on any system
  std::ranges::replace(alternative, ':', '+');
  return fmt::format("{}{}-L{}-seed{}", run.scheme, alternative, run.train_length, run.seed);
}

}  // namespace lengthwise
