#include "report/records/run_options.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

#include "base/text.h"

namespace lengthwise {
namespace {

using ValuesByOption = std::map<std::string, std::map<std::string, std::vector<std::string>>>;

/// Option to value to the runs that have it.
ValuesByOption values_by_option(const std::vector<RunRecord>& runs) {
  ValuesByOption values;
  for (const RunRecord& run : runs) {
    for (const auto& [name, value] : run.options) {
      if (name == "run.folder") continue;
      values[name][value].push_back(run.folder.filename().string());
    }
  }
  return values;
}

/// Rows have these by themselves, or they leave the weights as they are.
const std::set<std::string> kNoSettings = {"position.scheme", "model.train_length", "training.seed",
                                           "training.log_every", "training.checkpoint_every"};

/// Corpora are told apart by their hash.
bool is_setting(const std::string& option) {
  const std::string section = option.substr(0, option.find('.'));
  return (section == "model" || section == "position" || section == "training" ||
          option == "data.documents") &&
         !kNoSettings.contains(option);
}

std::string value_in(const RunRecord& run, const std::string& option) {
  const auto found = run.options.find(option);
  return found == run.options.end() ? "" : found->second;
}

}  // namespace

std::map<std::string, std::string> read_run_options(const fs::path& run_folder) {
  const fs::path path = run_folder / "config.ini";
  if (!fs::exists(path)) return {};
  std::map<std::string, std::string> options;
  std::string section;
  for (const std::string& raw : split(read_file(path), "\n")) {
    const std::string_view line = trim(raw);
    if (line.empty() || line.front() == '#') continue;
    if (line.front() == '[') {
      section = line.substr(1, line.find(']') - 1);
      continue;
    }
    const size_t equals = line.find('=');
    if (equals == std::string_view::npos) continue;
    const std::string name = fmt::format("{}.{}", section, trim(line.substr(0, equals)));
    options[name] = trim(line.substr(equals + 1));
  }
  return options;
}

std::vector<std::string> settings_of(const std::vector<RunRecord>& runs) {
  std::map<std::string, std::set<std::string>> differing;  // scheme to options
  for (const RunRecord& run : runs) {
    const auto first = std::ranges::find(runs, run.scheme, &RunRecord::scheme);
    for (const auto& [option, value] : run.options) {
      if (is_setting(option) && value != value_in(*first, option)) {
        differing[run.scheme].insert(option);
      }
    }
  }
  std::vector<std::string> all;
  for (const RunRecord& run : runs) {
    std::vector<std::string> named;
    for (const std::string& option : differing[run.scheme]) {
      const std::string value = value_in(run, option);
      const auto alike = std::ranges::count_if(
          runs, [&](const RunRecord& other) { return value_in(other, option) == value; });
      if (2 * static_cast<size_t>(alike) <= runs.size()) named.push_back(option + "=" + value);
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
    text += fmt::format("{} = {}\n", name.substr(dot + 1), runs_by_value.begin()->first);
  }
  return text;
}

}  // namespace lengthwise
