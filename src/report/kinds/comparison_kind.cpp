#include "report/kinds/comparison_kind.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "data/task.h"
#include "report/tables/marked_table.h"

namespace lengthwise {

const ComparisonKind& kind_of(const Comparison& comparison) {
  return comparison.measurement.protocol == kTaskProtocol ? task_kind() : text_kind();
}

Comparison full_comparison(const std::vector<RunRecord>& runs, const ComparisonRequest& request,
                           const std::vector<std::string>& published) {
  Comparison comparison = compare_runs(runs, request);
  kind_of(comparison).complete(comparison, published);
  return comparison;
}

PageTable main_table(const std::string& caption, const std::vector<std::vector<TableCell>>& cells,
                     const std::vector<std::string>& explanations, const Comparison& comparison) {
  PageTable table;
  table.caption = caption;
  for (const TableCell& cell : cells.front()) table.columns.push_back(cell.text);
  for (size_t i = 1; i < cells.size(); ++i) {
    table.rows.emplace_back();
    for (const TableCell& cell : cells[i]) table.rows.back().push_back({cell.text, cell.best});
  }
  table.notes = {fmt::format("{}", fmt::join(explanations, " "))};
  for (const std::string& note : comparison.notes) table.notes.push_back("Note: " + note);
  return table;
}

}  // namespace lengthwise
