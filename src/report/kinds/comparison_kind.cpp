#include "report/kinds/comparison_kind.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "data/tasks/task.h"
#include "report/comparison/published.h"
#include "report/comparison/task_accuracy.h"
#include "report/comparison/token_statistics.h"
#include "report/tables/marked_table.h"

namespace lengthwise {

const Comparison& shared_part(const AnyComparison& comparison) {
  return std::visit([](const Comparison& shared) -> const Comparison& { return shared; },
                    comparison);
}

std::unique_ptr<const ComparisonKind> kind_of(const AnyComparison& comparison) {
  return std::visit([](const auto& each) { return make_kind(each); }, comparison);
}

AnyComparison full_comparison(std::vector<RunRecord> runs, const ComparisonRequest& request,
                              const std::vector<std::string>& published) {
  Comparison shared = compare_runs(runs, request);
  if (shared.measurement.protocol == kTaskProtocol) {
    TaskComparison comparison(std::move(shared));
    add_task_accuracy(comparison);
    return comparison;
  }
  TextComparison comparison(std::move(shared));
  add_ideal(comparison, runs);
  add_token_statistics(comparison);
  for (const std::string& csv : published) add_published(comparison, csv);
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
