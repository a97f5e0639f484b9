#include <fmt/format.h>

#include <algorithm>

#include "app/command.h"
#include "base/error.h"
#include "experiment/compare_finished.h"
#include "experiment/results.h"

namespace lengthwise {

int run_compare(const Words& arguments) {
  Config config;
  const auto [folders, given] = read_options(config, arguments);
  if (folders.empty()) fail("compare: no run folder is named");
  std::vector<RunRecord> runs;
  for (const std::string& folder : folders) runs.push_back(read_run(folder));
  const auto is_given = [&given = given](const std::string& name) {
    return std::ranges::find(given, name) != given.end();
  };
  const Comparison comparison =
      compare_finished(runs, config, comparison_request(config, is_given));
  fmt::print("{}", terminal_text(comparison));
  if (!config.grid.results.empty()) {
    Words words{"compare"};
    words.insert(words.end(), arguments.begin(), arguments.end());
    const std::string title = config.grid.question.empty() ? "Comparison" : config.grid.question;
    write_results(config.grid.results, comparison, runs, {title, command_line(words), ""});
    fmt::print("written: {}\n", config.grid.results);
  }
  return 0;
}

}  // namespace lengthwise
