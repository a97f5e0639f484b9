#include <fmt/format.h>

#include <algorithm>

#include "app/command.h"
#include "app/display.h"
#include "base/error.h"
#include "experiment/comparison_request.h"
#include "experiment/provenance.h"
#include "report/kinds/comparison_kind.h"
#include "report/results/results.h"

namespace lengthwise {

int run_compare(const Words& arguments) {
  Config config;
  const auto [folders, given] = read_options(config, arguments);
  if (folders.empty()) fail("compare: no run folder is named");
  std::optional<ResultsFolder> results;
  if (!config.grid.results.empty()) results.emplace(config.grid.results);
  const std::vector<RunRecord> runs = read_runs({folders.begin(), folders.end()});
  const auto is_given = [&given = given](const std::string& name) {
    return std::ranges::find(given, name) != given.end();
  };
  const AnyComparison comparison =
      full_comparison(runs, comparison_request(config, is_given), config.grid.published);
  fmt::print("{}", kind_of(comparison)->terminal_text());
  if (results) {
    Words words{"compare"};
    words.insert(words.end(), arguments.begin(), arguments.end());
    const std::string title = config.grid.question.empty() ? "Comparison" : config.grid.question;
    const Provenance made = provenance();
    show_written(results->path(), write_results(*results, comparison, runs,
                                                {title, command_line(words), "", made.version,
                                                 made.commit, utc_time()}));
  }
  return 0;
}

}  // namespace lengthwise
