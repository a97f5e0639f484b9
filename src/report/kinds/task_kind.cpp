#include "report/figures/accuracy_chart.h"
#include "report/figures/task_maps.h"
#include "report/kinds/comparison_kind.h"
#include "report/tables/task_table.h"

namespace lengthwise {
namespace {

class TaskKind final : public ComparisonKind {
 public:
  explicit TaskKind(const TaskComparison& comparison) : comparison_(comparison) {}

  std::string title_line() const override { return task_title_line(comparison_); }

  std::string terminal_text() const override { return terminal_task_table(comparison_); }

  std::string markdown_text(const ResultFiles&) const override {
    return markdown_task_table(comparison_);
  }

  std::vector<PageSection> sections() const override {
    PageSection section{"Accuracy by length",
                        {accuracy_chart(comparison_),
                         main_table("Accuracy in percent by scheme and evaluation length (tokens)",
                                    task_table_cells(comparison_),
                                    task_explanations(comparison_, "Bold"), comparison_)},
                        {}};
    PageFold maps{"By place in the prompt and in the answer", {}};
    for (size_t row = 0; row < comparison_.rows.size(); ++row) {
      if (auto map = map_by_place(comparison_, row)) maps.parts.push_back(*map);
      if (auto map = map_by_answer(comparison_, row)) maps.parts.push_back(*map);
    }
    if (!maps.parts.empty()) section.folds.push_back(maps);
    return {section};
  }

  std::string add_files(ResultFiles& files) const override {
    files["table.csv"] = task_csv(comparison_);
    files["places.csv"] = task_places_csv(comparison_);
    return {};
  }

 private:
  const TaskComparison& comparison_;
};

}  // namespace

std::unique_ptr<const ComparisonKind> make_kind(const TaskComparison& comparison) {
  return std::make_unique<TaskKind>(comparison);
}

}  // namespace lengthwise
