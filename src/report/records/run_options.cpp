#include "report/records/run_options.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

#include "base/ini.h"
#include "base/text.h"
#include "report/records/run_names.h"

namespace lengthwise {
namespace {

using ValuesByOption = std::map<std::string, std::map<std::string, std::vector<std::string>>>;

/// Option to value to the runs that have it.
ValuesByOption values_by_option(const std::vector<RunRecord>& runs) {
  ValuesByOption values;
  const std::vector<std::string> names = folder_names(runs);
  for (size_t i = 0; i < runs.size(); ++i) {
    for (const auto& [option, value] : runs[i].options) {
      if (option != "run.folder") values[option][value].push_back(names[i]);
    }
  }
  return values;
}

constexpr const char* kTrainedOn = "trained on";  // no option: corpora are told by their hash

/// What makes the run another run than one of the same scheme, train length and seed. An option
/// younger than the run had its default's effect.
std::map<std::string, std::string> decisive(const RunRecord& run,
                                            const std::map<std::string, std::string>& settings) {
  std::map<std::string, std::string> values = settings;
  for (auto& [option, value] : values) {
    if (const auto found = run.options.find(option); found != run.options.end()) {
      value = found->second;
    }
    if (const auto file = run.file_hashes.find(option); file != run.file_hashes.end()) {
      value += fmt::format("@{:.8}", file->second);
    }
  }
  // An option that gives rows their names tells two files of one name apart by what they hold.
  for (const auto& [option, hash] : run.file_hashes) {
    const auto name = run.options.find(option);
    if (name == run.options.end() || settings.contains(option)) continue;
    values[option] = fmt::format("{}@{:.8}", name->second, hash);
  }
  values[kTrainedOn] = fmt::format("{}@{:.8}", run.corpus, run.corpus_hash);
  return values;
}

}  // namespace

std::map<std::string, std::string> read_run_options(const fs::path& run_folder) {
  const fs::path path = run_folder / "config.ini";
  if (!fs::exists(path)) return {};
  std::map<std::string, std::string> options;
  for (IniValue& given : read_ini(path)) options[given.name] = std::move(given.value);
  return options;
}

std::vector<std::string> settings_of(const std::vector<RunRecord>& runs,
                                     const std::map<std::string, std::string>& settings) {
  std::vector<std::map<std::string, std::string>> values;
  for (const RunRecord& run : runs) values.push_back(decisive(run, settings));
  std::map<std::string, std::set<std::string>> differing;  // scheme to options
  std::map<std::string, std::map<std::string, size_t>> counts;
  for (size_t i = 0; i < runs.size(); ++i) {
    const auto first = static_cast<size_t>(
        std::ranges::find(runs, runs[i].scheme, &RunRecord::scheme) - runs.begin());
    for (const auto& [option, value] : values[i]) {
      ++counts[option][value];
      if (value != values[first][option]) differing[runs[i].scheme].insert(option);
    }
  }
  std::vector<std::string> all;
  for (size_t i = 0; i < runs.size(); ++i) {
    std::vector<std::string> named;
    for (const std::string& option : differing[runs[i].scheme]) {
      const std::string& value = values[i][option];
      if (2 * counts[option][value] > runs.size()) continue;
      named.push_back(option + (option == kTrainedOn ? " " : "=") + value);
    }
    all.push_back(fmt::format("{}", fmt::join(named, " ")));
  }
  return all;
}

std::vector<OptionDifference> option_differences(const std::vector<RunRecord>& runs) {
  std::vector<OptionDifference> differences;
  for (const auto& [name, runs_by_value] : values_by_option(runs)) {
    if (runs_by_value.size() > 1) differences.push_back({name, runs_by_value});
  }
  return differences;
}

std::string common_options(const std::vector<RunRecord>& runs) {
  std::string text, section;
  for (const auto& [name, runs_by_value] : values_by_option(runs)) {
    if (runs_by_value.size() > 1) continue;
    const size_t dot = name.find('.');
    if (name.substr(0, dot) != section) {
      section = name.substr(0, dot);
      text += fmt::format("{}[{}]\n", text.empty() ? "" : "\n", section);
    }
    text += fmt::format("{} = {}\n", name.substr(dot + 1), ini_value(runs_by_value.begin()->first));
  }
  return text;
}

}  // namespace lengthwise
