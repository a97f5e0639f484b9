#include "report/tables/marked_table.h"

#include <fmt/format.h>

#include <cmath>

#include "base/number_text.h"
#include "base/plain_text.h"

namespace lengthwise {
namespace {

std::string lines_below(const TitledTable& table, const Comparison& comparison,
                        std::string (*shown)(std::string_view)) {
  std::string text;
  for (const std::string& line : table.explanations) text += line + "\n";  // our own words
  for (const std::string& note : comparison.notes) text += shown("Note: " + note) + "\n";
  return text;
}

}  // namespace

std::string tie_explanation(std::string_view best) {
  return fmt::format(
      "{}: not distinguishable from the {}: the 95 % interval of their paired difference holds 0.",
      kTied, best);
}

TextGrid rows_without_lengths(const Comparison& comparison) {
  TextGrid grid{{"scheme", "train_length", "seeds"}};
  const bool training = comparison.has_training();
  if (training) grid[0].insert(grid[0].end(), {"train tokens/s", "train MiB"});
  for (const Row& row : comparison.rows) {
    grid.push_back(
        {row.label(), fmt::format("{}", row.train_length), fmt::format("{}", row.seeds)});
    if (!training) continue;
    const auto& cost = row.training;
    grid.back().push_back(cost ? format_count(std::llround(cost->tokens_per_second)) : "");
    grid.back().push_back(cost ? format_count(std::llround(cost->peak_memory_mib)) : "");
  }
  return grid;
}

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
  return one_line(table.title) + "\n" + terminal_lines(table.grid) +
         lines_below(table, comparison, one_line);
}

std::string markdown_text(const TitledTable& table, const Comparison& comparison) {
  return markdown_escaped(table.title) + "\n\n" + markdown_lines_of(table.grid, comparison) + "\n" +
         lines_below(table, comparison, markdown_escaped);
}

std::string markdown_lines_of(const TextGrid& grid, const Comparison& comparison) {
  std::vector<std::vector<bool>> bold;
  for (const auto& row : marked_cells(grid, comparison)) {
    bold.emplace_back();
    for (const TableCell& cell : row) bold.back().push_back(cell.best);
  }
  return markdown_lines(grid, bold);
}

}  // namespace lengthwise
