#include "experiment/grid.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "base/error.h"
#include "base/options.h"
#include "base/text.h"
#include "experiment/config.h"
#include "experiment/model_files.h"
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

/// An entry of experiment.alternatives or experiment.changes, on its list.
struct ListEntry {
  const char* list;
  const std::string& text;
};

/// UserError unless it is OPTION=VALUE, or several, of options that `is_allowed`.
void check_names(const ListEntry& entry, bool (*is_allowed)(const Option&),
                 std::string_view allowed) {
  Config any;
  OptionSet options;
  any.declare(options);
  for (const std::string& piece : split(entry.text, ":")) {
    const size_t equals = piece.find('=');
    if (equals == std::string::npos || equals == 0) {
      fail("{}: '{}' is no OPTION=VALUE", entry.list, piece);
    }
    const std::string name = piece.substr(0, equals);
    const auto option = std::ranges::find(options.all(), name, &Option::name);
    if (option != options.all().end() && !is_allowed(*option)) {
      fail("{}: '{}' cannot be one; it takes {}", entry.list, name, allowed);
    }
  }
}

bool is_alternative(const Option& option) {
  return decides_weights(option) && option.axis.empty();
}

bool is_change(const Option& option) {
  return option.role == OptionRole::test_time;
}

/// The config with these options otherwise.
Config with_options(Config config, const ListEntry& entry) {
  OptionSet options;
  config.declare(options);
  try {
    options.read_command_line(option_words(entry.text));
  } catch (const UserError& error) {
    fail("{}: '{}': {}", entry.list, entry.text, error.what());
  }
  return config;
}

Config with_alternative(const Config& config, const std::string& alternative) {
  return with_options(config, {"experiment.alternatives", alternative});
}

/// What would have the config read these of its options; empty: it reads them all.
std::string unmet_condition(Config config, const std::vector<std::string>& names) {
  OptionSet options;
  config.declare(options);
  for (const std::string& name : names) {
    const std::string unmet = options.find(name).unmet_condition();
    if (!unmet.empty()) return fmt::format("{} is read with {}", name, unmet);
  }
  return {};
}

Config at_point(Config config, const GridRun& run) {
  config.position.scheme = run.scheme;
  config.model.train_length = run.train_length;
  config.training.seed = run.seed;
  return config;
}

/// Why the run cannot be measured with this change; empty: it can.
std::string reason_against(const Config& trained, const std::string& change) {
  const Config changed = changed_config(trained, change);
  try {
    check_changes(trained, changed);
  } catch (const UserError& error) {
    return error.what();
  }
  changed.validate();
  if (const std::string unmet = unmet_condition(changed, option_names(change)); !unmet.empty()) {
    return unmet;
  }
  return effective_options(trained) == effective_options(changed) ? "it is as it was trained" : "";
}

void check_alternatives(const Config& config, const std::vector<GridRun>& runs) {
  for (const std::string& alternative : config.grid.alternatives) {
    if (std::ranges::find(runs, alternative, &GridRun::alternative) != runs.end()) continue;
    const GridRun first{config.grid.schemes[0], config.grid.train_lengths[0], config.grid.seeds[0]};
    fail("experiment.alternatives: '{}' is read by none of experiment.schemes {}: {}", alternative,
         value_text(config.grid.schemes),
         unmet_condition(with_alternative(at_point(config, first), alternative),
                         option_names(alternative)));
  }
}

/// Two runs that differ in nothing that is read would be one run trained twice.
void refuse_same_runs(const Config& config, const std::vector<GridRun>& runs) {
  std::map<std::map<std::string, std::string>, GridRun> seen;
  for (const GridRun& run : runs) {
    const auto [same, is_new] = seen.emplace(effective_options(run_config(config, run)), run);
    if (is_new) continue;
    const GridRun& other = same->second;
    fail("experiment.alternatives: '{}' trains {} as {} does; leave it out", run.alternative,
         run.scheme,
         other.alternative.empty() ? "no alternative" : fmt::format("'{}'", other.alternative));
  }
}

void check_changes_act(const Config& config, const std::vector<GridRun>& runs) {
  for (const std::string& change : config.grid.changes) {
    std::string reason;
    const bool taken = std::ranges::any_of(runs, [&](const GridRun& run) {
      reason = reason_against(run_config(config, run), change);
      return reason.empty();
    });
    if (!taken) fail("experiment.changes: '{}': no run can take it: {}", change, reason);
  }
  // Two changes that are the same would be measured and shown as two.
  for (const GridRun& run : runs) {
    std::map<std::map<std::string, std::string>, std::string> seen;
    const Config trained = run_config(config, run);
    for (const std::string& change : changes_of(config, run)) {
      const auto [same, is_new] =
          seen.emplace(effective_options(changed_config(trained, change)), change);
      if (!is_new) {
        fail("experiment.changes: '{}' measures {} as '{}' does; leave it out", change,
             run_name(run), same->second);
      }
    }
  }
}

/// UserError where the command line gave an option that no run reads, changed or not.
void refuse_unread(const Config& config, const std::vector<GridRun>& runs,
                   const std::vector<std::string>& given) {
  std::vector<Config> configs{config};
  for (const GridRun& run : runs) {
    const Config trained = configs.emplace_back(run_config(config, run));
    for (const std::string& change : changes_of(config, run)) {
      configs.push_back(changed_config(trained, change));
    }
  }
  for (const std::string& name : given) {
    const auto reads = [&](const Config& each) { return unmet_condition(each, {name}).empty(); };
    if (std::ranges::any_of(configs.begin() + 1, configs.end(), reads)) continue;
    fail("{}: is given, but no run of this experiment reads it; {}", name,
         unmet_condition(configs.back(), {name}));
  }
}

}  // namespace

void GridOptions::declare(OptionSet& options) {
  options.role(OptionRole::grid);
  options.add("experiment.question", question, "what the experiment asks, for the report")
      .as(OptionRole::results);
  options.add("experiment.imported", imported,
              "an imported run, measured with the changes in the place of runs that are trained");
  options
      .add("experiment.schemes", schemes, "positional schemes compared, built in or files NAME.py",
           scheme_or_file_choice())
      .found_from = schemes_found_from;
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
      .as(OptionRole::results);
  options
      .add("experiment.published", published,
           "files of published numbers to stand beside ours where the data are the same, as "
           "results/published/press2021.csv")
      .as(OptionRole::results);
  options
      .add("experiment.jobs", jobs, "runs side by side, each with run.threads threads",
           Between{1, 1024})
      .as(OptionRole::machine);
}

void GridOptions::validate() const {
  std::vector<std::string> names;  // by which tables and folders tell them apart
  for (const std::string& scheme : schemes) names.push_back(scheme_name(scheme));
  check_axis("experiment.schemes", names);
  check_axis("experiment.train_lengths", train_lengths);
  check_axis("experiment.seeds", seeds);
  if (!alternatives.empty()) check_axis("experiment.alternatives", alternatives);
  for (const std::string& alternative : alternatives) {
    check_names({"experiment.alternatives", alternative}, is_alternative,
                "options that decide the weights, of [model], [position] and [training], but for "
                "the scheme, the train length and the seed");
  }
  if (!changes.empty()) check_axis("experiment.changes", changes);
  for (const std::string& change : changes) {
    check_names({"experiment.changes", change}, is_change,
                "options of [position], model.window and model.sinks");
  }
  if (folder.empty()) fail("experiment.folder: is empty; name a folder for the runs");
}

std::vector<std::string> option_words(const std::string& options) {
  std::vector<std::string> words;
  for (const std::string& piece : split(options, ":")) words.push_back("--" + piece);
  return words;
}

std::vector<GridRun> grid_runs(const Config& config) {
  std::vector<GridRun> runs;
  for (int64_t seed : config.grid.seeds) {
    for (int64_t train_length : config.grid.train_lengths) {
      for (const std::string& scheme : config.grid.schemes) {
        GridRun run{scheme, train_length, seed};
        runs.push_back(run);
        const Config base = at_point(config, run);
        for (const std::string& alternative : config.grid.alternatives) {
          const Config changed = with_alternative(base, alternative);
          if (!unmet_condition(changed, option_names(alternative)).empty()) continue;
          run.alternative = alternative;
          runs.push_back(run);
        }
      }
    }
  }
  return runs;
}

Config run_config(const Config& config, const GridRun& run) {
  return with_alternative(at_point(config, run), run.alternative);
}

Config changed_config(const Config& trained, const std::string& change) {
  return with_options(trained, {"experiment.changes", change});
}

std::vector<std::string> changes_of(const Config& config, const GridRun& run) {
  const Config trained = run_config(config, run);
  std::vector<std::string> changes;
  for (const std::string& change : config.grid.changes) {
    if (reason_against(trained, change).empty()) changes.push_back(change);
  }
  return changes;
}

void validate_grid(const Config& config, const std::vector<std::string>& given) {
  config.grid.validate();
  const std::vector<GridRun> runs = grid_runs(config);
  check_alternatives(config, runs);
  for (const GridRun& run : runs) {
    const Config one = run_config(config, run);
    one.validate();
    one.check_texts(config.evaluation.split);
  }
  refuse_same_runs(config, runs);
  check_changes_act(config, runs);
  refuse_unread(config, runs, given);
}

std::string run_name(const GridRun& run) {
  std::string alternative = run.alternative.empty() ? "" : "-" + run.alternative;
  std::ranges::replace(alternative, '/', '_');  // a folder's name, on any system
  std::ranges::replace(alternative, ':', '+');
  return fmt::format("{}{}-L{}-seed{}", scheme_name(run.scheme), alternative, run.train_length,
                     run.seed);
}

}  // namespace lengthwise
