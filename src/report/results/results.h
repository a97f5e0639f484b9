#pragma once

#include <string>

#include "report/kinds/comparison_kind.h"
#include "report/results/results_folder.h"

namespace lengthwise {

/// What stands beside the numbers in a results folder.
struct ResultsHeader {
  std::string title;            // the experiment's question, or "Comparison"
  std::string command;          // that makes this folder
  std::string options;          // resolved, as a file; empty for runs that were not one experiment
  std::string version, commit;  // of the program that writes
  std::string written;          // when, ISO 8601, UTC
};

/// Writes into `folder`: report.html (comparison_page.h), README.md (tables, curve, who made it
/// when and on what), table.csv, table.tex, differences.csv (every pair of rows), breakdowns.csv
/// (losses by kind of token), gaps.csv (to the exact reader, where there is one), published.csv
/// (where there are published numbers of the same data), curve.svg, curve.png, curve.pdf,
/// records.jsonl (run.json and the evaluation lines of every run) and options.ini. Of a task:
/// report.html, README.md, table.csv, places.csv (accuracy by place and by number in the answer),
/// records.jsonl and options.ini.
///
/// -> what could not be made and was left out, with what would mend it; empty where nothing was.
std::string write_results(const ResultsFolder& folder, const AnyComparison& comparison,
                          const std::vector<RunRecord>& runs, const ResultsHeader& header);

}  // namespace lengthwise
