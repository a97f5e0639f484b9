#include <fmt/format.h>

#include "report/comparison/published.h"
#include "report/figures/breakdown_charts.h"
#include "report/figures/curve.h"
#include "report/figures/perplexity_chart.h"
#include "report/kinds/comparison_kind.h"
#include "report/tables/latex_table.h"
#include "report/tables/statistics_table.h"
#include "report/tables/table.h"

namespace lengthwise {
namespace {

PageTable table_of(const TextGrid& grid, const std::string& caption) {
  PageTable table;
  table.caption = caption;
  table.columns = grid.front();
  for (size_t i = 1; i < grid.size(); ++i) {
    table.rows.emplace_back();
    for (const std::string& text : grid[i]) table.rows.back().push_back({text});
  }
  return table;
}

PageSection gap_section(const std::vector<TextGrid>& gaps) {
  PageTable by_length = table_of(gaps[0], "Gap to the ideal by evaluation length (tokens)");
  PageTable at_longest =
      table_of(gaps[1], "What it is made of at the longest, and what it is worth");
  at_longest.notes = gap_explanations();
  return {"What is left to the ideal", {std::move(by_length), std::move(at_longest)}, {}};
}

PageSection published_section(const TextGrid& published) {
  return {"Published numbers on the same data",
          {table_of(published, "Perplexities that papers print, and ours")},
          {}};
}

class TextKind final : public ComparisonKind {
 public:
  explicit TextKind(const TextComparison& comparison) : comparison_(comparison) {}

  std::string title_line() const override { return lengthwise::title_line(comparison_); }

  std::string terminal_text() const override { return terminal_report(comparison_); }

  std::string markdown_text(const ResultFiles& files) const override {
    std::string text = markdown_table(comparison_);
    if (files.contains("curve.svg")) text += "\n![perplexity against eval length](curve.svg)\n";
    return text + "\n" + markdown_statistics(comparison_);
  }

  std::vector<PageSection> sections() const override {
    std::vector<PageSection> sections{
        {"Perplexity by length",
         {perplexity_chart(comparison_),
          main_table("Perplexity by scheme and evaluation length (tokens)",
                     table_cells(comparison_), table_explanations(comparison_, "Bold"),
                     comparison_)},
         {}}};
    if (const auto gaps = gap_grids(comparison_); !gaps.empty()) {
      sections.push_back(gap_section(gaps));
    }
    if (const TextGrid published = published_grid(comparison_); !published.empty()) {
      sections.push_back(published_section(published));
    }
    if (comparison_.breakdowns.empty()) return sections;
    PageSection section{"Which tokens", {}, {}};
    for (LineChart& chart : breakdown_charts(comparison_))
      section.parts.push_back(std::move(chart));
    sections.push_back(std::move(section));
    return sections;
  }

  std::string add_files(ResultFiles& files) const override {
    CurveFiles curve = curve_files(comparison_);
    files.merge(curve.files);
    files["table.csv"] = csv_table(comparison_);
    files["table.tex"] = latex_table(comparison_);
    files["differences.csv"] = differences_csv(comparison_);
    if (comparison_.has_ideal()) files["gaps.csv"] = gaps_csv(comparison_);
    files["breakdowns.csv"] = breakdowns_csv(comparison_);
    if (!comparison_.published.empty()) files["published.csv"] = published_csv(comparison_);
    if (curve.missing.empty()) return {};
    return fmt::format("curve.png and curve.pdf are left out: {}", curve.missing);
  }

 private:
  const TextComparison& comparison_;
};

}  // namespace

std::unique_ptr<const ComparisonKind> make_kind(const TextComparison& comparison) {
  return std::make_unique<TextKind>(comparison);
}

}  // namespace lengthwise
