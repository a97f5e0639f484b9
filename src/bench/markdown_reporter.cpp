#include "bench/markdown_reporter.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <set>

#include "base/text.h"

namespace lengthwise {

bool MarkdownReporter::ReportContext(const Context& context) {
  fmt::print("{} cores at {:.0f} MHz; B = 1, H = 8, K = 32, float32.\n", context.cpu_info.num_cpus,
             context.cpu_info.cycles_per_second / 1e6);
  return true;
}

void MarkdownReporter::ReportRuns(const std::vector<Run>& runs) {
  for (const Run& run : runs) {
    const auto parts = split(run.run_name.function_name, "/");  // attention, case, length, pass
    if (run.error_occurred || parts.size() < 4) continue;
    const double milliseconds = run.GetAdjustedRealTime();
    const double extra = run.counters.at("extra_MiB");
    fmt::print(stderr, "{}: {:.1f} ms, {:.0f} MiB\n", run.run_name.function_name, milliseconds,
               extra);
    tables_[parts[3]][parts[1]][*parse_integer(parts[2])] = {milliseconds, extra};
    if (std::ranges::find(order_, parts[1]) == order_.end()) order_.push_back(parts[1]);
  }
}

void MarkdownReporter::Finalize() {
  for (const auto& [pass, rows] : tables_) {
    std::set<int64_t> lengths;
    for (const auto& [name, row] : rows) {
      for (const auto& [length, cell] : row) lengths.insert(length);
    }
    fmt::print("\n### {}\n\nms (times plain causal), extra MiB\n\n| |",
               pass == "forward" ? "Forward" : "Forward and backward");
    for (int64_t length : lengths) fmt::print(" {} |", length);
    fmt::print("\n|---|");
    for (size_t i = 0; i < lengths.size(); ++i) fmt::print("---:|");
    for (const std::string& name : order_) {
      if (!rows.contains(name)) continue;
      fmt::print("\n| {} |", name);
      for (int64_t length : lengths) {
        const auto cell = rows.at(name).find(length);
        if (cell == rows.at(name).end()) {
          fmt::print(" |");
          continue;
        }
        const auto plain =
            rows.contains("none") ? rows.at("none").find(length) : rows.at(name).end();
        const bool compared = rows.contains("none") && plain != rows.at("none").end();
        fmt::print(" {:.1f}{}, {:.0f} |", cell->second.milliseconds,
                   compared ? fmt::format(" ({:.2f}x)",
                                          cell->second.milliseconds / plain->second.milliseconds)
                            : "",
                   cell->second.extra_mebibytes);
      }
    }
    fmt::print("\n");
  }
}

}  // namespace lengthwise
