#pragma once

#include <benchmark/benchmark.h>

#include <map>
#include <string>
#include <vector>

namespace lengthwise {

/// Prints a table a pass (forward, backward): a row a case, a column a length, each cell the time,
/// its ratio to plain causal attention (the case "none") in the same run, and the extra memory.
class MarkdownReporter : public benchmark::BenchmarkReporter {
 public:
  bool ReportContext(const Context& context) override;
  void ReportRuns(const std::vector<Run>& runs) override;
  void Finalize() override;

 private:
  struct Cell {
    double milliseconds, extra_mebibytes;
  };
  using Row = std::map<int64_t, Cell>;  // by length

  std::map<std::string, std::map<std::string, Row>> tables_;  // by pass, by case
  std::vector<std::string> order_;                            // of cases
};

}  // namespace lengthwise
