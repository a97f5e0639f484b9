#include "report/comparison/task_accuracy.h"
#include "report/figures/comparison_charts.h"
#include "report/figures/task_maps.h"
#include "report/kinds/comparison_kind.h"
#include "report/tables/task_table.h"

namespace lengthwise {
namespace {

class TaskKind : public ComparisonKind {
 public:
  void complete(Comparison& comparison, const std::vector<std::string>&) const override {
    add_task_accuracy(comparison);
  }

  std::string title_line(const Comparison& comparison) const override {
    return task_title_line(comparison);
  }

  std::string terminal_text(const Comparison& comparison) const override {
    return terminal_task_table(comparison);
  }

  std::string markdown_text(const Comparison& comparison, const ResultFiles&) const override {
    return markdown_task_table(comparison);
  }

  std::vector<PageSection> sections(const Comparison& comparison) const override {
    PageSection section{"Accuracy by length",
                        {accuracy_chart(comparison),
                         main_table("Accuracy in percent by scheme and evaluation length (tokens)",
                                    task_table_cells(comparison),
                                    task_explanations(comparison, "Bold"), comparison)},
                        {}};
    PageFold maps{"By place in the prompt and in the answer", {}};
    for (size_t row = 0; row < comparison.rows.size(); ++row) {
      if (auto map = map_by_place(comparison, row)) maps.parts.push_back(*map);
      if (auto map = map_by_answer(comparison, row)) maps.parts.push_back(*map);
    }
    if (!maps.parts.empty()) section.folds.push_back(maps);
    return {section};
  }

  std::string add_files(ResultFiles& files, const Comparison& comparison) const override {
    files["table.csv"] = task_csv(comparison);
    files["places.csv"] = task_places_csv(comparison);
    return {};
  }
};

}  // namespace

const ComparisonKind& task_kind() {
  static const TaskKind kind;
  return kind;
}

}  // namespace lengthwise
