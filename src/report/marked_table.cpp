#include "report/marked_table.h"

namespace lengthwise {
namespace {

std::string lines_below(const TitledTable& table, const Comparison& comparison) {
  std::string text;
  for (const std::string& line : table.explanations) text += line + "\n";
  for (const std::string& note : comparison.notes) text += "Note: " + note + "\n";
  return text;
}

}  // namespace

std::vector<std::vector<TableCell>> marked_cells(const TextGrid& grid,
                                                 const Comparison& comparison) {
  std::vector<std::vector<TableCell>> cells;
  for (const auto& row : grid) {
    cells.emplace_back();
    for (const std::string& text : row) cells.back().push_back({text});
  }
  const size_t before = cells[0].size() - comparison.eval_lengths.size();
  for (size_t i = 0; i < comparison.rows.size(); ++i) {
    for (size_t column = 0; column < comparison.eval_lengths.size(); ++column) {
      cells[i + 1][before + column].best = comparison.rows[i].cells[column].best;
    }
  }
  return cells;
}

std::string terminal_text(const TitledTable& table, const Comparison& comparison) {
  return table.title + "\n" + terminal_lines(table.grid) + lines_below(table, comparison);
}

std::string markdown_text(const TitledTable& table, const Comparison& comparison) {
  return table.title + "\n\n" + markdown_lines(table.grid) + "\n" + lines_below(table, comparison);
}

}  // namespace lengthwise
