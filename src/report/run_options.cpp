#include "report/run_options.h"

#include <fmt/format.h>

#include "base/text.h"

namespace lengthwise {
namespace {

using ValuesByOption = std::map<std::string, std::map<std::string, std::vector<std::string>>>;

/// Option to value to the runs that have it.
ValuesByOption values_by_option(const std::vector<RunRecord>& runs) {
  ValuesByOption values;
  for (const RunRecord& run : runs) {
    for (const auto& [name, value] : read_run_options(run.folder)) {
      if (name == "run.folder") continue;
      values[name][value].push_back(run.folder.filename().string());
    }
  }
  return values;
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
