#include "report/table.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace lengthwise {
namespace {

using Grid = std::vector<std::vector<std::string>>;  // the first row is the heading

/// How a rendering marks the best of a column.
struct Marks {
  std::string_view before, after, otherwise;  // otherwise: keeps the digits of others in line
};

size_t width_of(std::string_view utf8) {
  return static_cast<size_t>(std::ranges::count_if(
      utf8, [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

std::string padded(const std::string& text, size_t width, bool to_the_right) {
  const std::string space(width - std::min(width, width_of(text)), ' ');
  return to_the_right ? space + text : text + space;
}

/// The deviation with as many decimals as its mean.
std::string format_deviation(double deviation, double mean) {
  const std::string printed = format_perplexity(mean);
  if (printed.find('e') != std::string::npos || !std::isfinite(deviation)) {
    return fmt::format("{:.1e}", deviation);
  }
  const size_t point = printed.find('.');
  const size_t decimals = point == std::string::npos ? 0 : printed.size() - point - 1;
  return fmt::format("{:.{}f}", deviation, decimals);
}

std::string cell_text(const Cell& cell, const Marks& marks) {
  if (!cell.measured()) {
    return cell.beyond_max_length ? fmt::format("–{}", marks.otherwise) : std::string();
  }
  std::string text = format_perplexity(cell.mean_perplexity());
  if (const auto deviation = cell.perplexity_deviation()) {
    text += " ± " + format_deviation(*deviation, cell.mean_perplexity());
  }
  if (!cell.best) return text + std::string(marks.otherwise);
  return fmt::format("{}{}{}", marks.before, text, marks.after);
}

Grid grid_of(const Comparison& comparison, const Marks& marks) {
  const std::string otherwise(marks.otherwise);
  Grid grid{{"scheme", "train_length", "seeds"}};
  for (const int64_t length : comparison.eval_lengths) {
    grid[0].push_back(fmt::format("{}{}", length, otherwise));
  }
  for (const Row& row : comparison.rows) {
    grid.push_back(
        {row.label(), fmt::format("{}", row.train_length), fmt::format("{}", row.seeds)});
    for (const Cell& cell : row.cells) grid.back().push_back(cell_text(cell, marks));
  }
  if (comparison.has_ideal()) {
    grid.push_back({"ideal reader", "", ""});
    for (const auto& nats : comparison.ideal_nats) {
      grid.back().push_back(nats ? format_perplexity(std::exp(*nats)) + otherwise : "");
    }
  }
  return grid;
}

std::vector<size_t> widths_of(const Grid& grid) {
  std::vector<size_t> widths(grid[0].size());
  for (const auto& row : grid) {
    for (size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], width_of(row[i]));
  }
  return widths;
}

std::string rendered(const std::vector<std::string>& row, const std::vector<size_t>& widths,
                     std::string_view separator) {
  std::string line;
  for (size_t i = 0; i < row.size(); ++i) {
    if (i > 0) line += separator;
    line += padded(row[i], widths[i], /*to_the_right=*/i > 0);
  }
  return line;
}

/// The lines under a table that say how to read it; only what occurs in it.
std::vector<std::string> explanations(const Comparison& comparison, std::string_view best_mark) {
  bool best = false, several = false, limit = false;
  for (const Row& row : comparison.rows) {
    for (const Cell& cell : row.cells) {
      best = best || cell.best;
      several = several || cell.nats_per_token.size() > 1;
      limit = limit || (cell.beyond_max_length && !cell.measured());
    }
  }
  std::vector<std::string> lines{"Columns: eval_length in tokens."};
  if (best) lines.push_back(fmt::format("{}: the lowest of its column.", best_mark));
  if (several) lines.push_back("Mean over seeds ± sample standard deviation.");
  if (limit) lines.push_back("–: beyond the scheme's limit.");
  if (comparison.has_ideal()) {
    lines.push_back("ideal reader: the exact Bayes-optimal predictor, given the same windows.");
  }
  return lines;
}

std::string without_trailing_space(std::string line) {
  line.resize(line.find_last_not_of(' ') + 1);
  return line;
}

std::string quoted(const std::string& text) {
  if (text.find_first_of(",\"\n") == std::string::npos) return text;
  std::string doubled;
  for (const char c : text) doubled += c == '"' ? "\"\"" : std::string(1, c);
  return '"' + doubled + '"';
}

std::string number(std::optional<double> value) {
  return value ? fmt::format("{}", *value) : std::string();
}

/// From perplexity to peak_memory_mib.
std::string csv_values(const Comparison& comparison, const Cell& cell,
                       std::optional<double> ideal_nats) {
  if (!cell.measured()) return ",,,,,,";
  return fmt::format("{},{},{},{},{},{},{}", number(cell.mean_perplexity()),
                     number(cell.perplexity_deviation()), number(cell.mean_nats_per_token()),
                     comparison.tokens, number(ideal_nats), number(cell.tokens_per_second),
                     number(cell.peak_memory_mib));
}

}  // namespace

std::string title_line(const Comparison& comparison) {
  return fmt::format("perplexity on {}: {}, {} tokens scored at every length", comparison.corpus,
                     describe(comparison.measurement), format_count(comparison.tokens));
}

std::string terminal_table(const Comparison& comparison) {
  const Grid grid = grid_of(comparison, {"", "*", " "});
  const std::vector<size_t> widths = widths_of(grid);
  std::string text = title_line(comparison) + "\n";
  for (size_t i = 0; i < grid.size(); ++i) {
    const std::string line = rendered(grid[i], widths, "  ");
    text += without_trailing_space(line) + "\n";
    if (i > 0) continue;
    for (size_t dash = 0; dash < width_of(line); ++dash) text += "─";
    text += "\n";
  }
  for (const std::string& line : explanations(comparison, "*")) text += line + "\n";
  for (const std::string& note : comparison.notes) text += "Note: " + note + "\n";
  return text;
}

std::string markdown_table(const Comparison& comparison) {
  const Grid grid = grid_of(comparison, {"**", "**", ""});
  std::vector<size_t> widths = widths_of(grid);
  for (size_t& width : widths) width = std::max<size_t>(width, 3);
  std::string text = title_line(comparison) + "\n\n";
  for (size_t i = 0; i < grid.size(); ++i) {
    text += "| " + rendered(grid[i], widths, " | ") + " |\n";
    if (i > 0) continue;
    text += "|";
    for (size_t column = 0; column < widths.size(); ++column) {
      text += column == 0 ? ":" : "-";
      text += std::string(widths[column], '-');
      text += column == 0 ? "-|" : ":|";
    }
    text += "\n";
  }
  text += "\n";
  for (const std::string& line : explanations(comparison, "Bold")) text += line + "\n";
  for (const std::string& note : comparison.notes) text += "Note: " + note + "\n";
  return text;
}

std::string csv_table(const Comparison& comparison) {
  std::string text =
      "scheme,train_length,eval_length,split,protocol,stride,seeds,perplexity,perplexity_std,"
      "nats_per_token,tokens,ideal_nats_per_token,tokens_per_second,peak_memory_mib,best,"
      "beyond_max_length,corpus\n";
  const Measurement& measurement = comparison.measurement;
  for (const Row& row : comparison.rows) {
    for (size_t i = 0; i < row.cells.size(); ++i) {
      const Cell& cell = row.cells[i];
      if (!cell.measured() && !cell.beyond_max_length) continue;
      const int64_t length = comparison.eval_lengths[i];
      text += fmt::format(
          "{},{},{},{},{},{},{},{},{},{},{}\n", quoted(row.label()), row.train_length, length,
          quoted(measurement.split), quoted(measurement.protocol),
          measurement.stride == 0 ? length : measurement.stride, cell.nats_per_token.size(),
          csv_values(comparison, cell, comparison.ideal_nats[i]), cell.best ? "best" : "",
          cell.beyond_max_length && !cell.measured() ? fmt::format("{}", *cell.beyond_max_length)
                                                     : "",
          quoted(comparison.corpus));
    }
  }
  return text;
}

std::vector<std::vector<TableCell>> table_cells(const Comparison& comparison) {
  std::vector<std::vector<TableCell>> cells;
  for (const auto& row : grid_of(comparison, {"", "", ""})) {
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

std::vector<std::string> table_explanations(const Comparison& comparison,
                                            std::string_view best_mark) {
  return explanations(comparison, best_mark);
}

}  // namespace lengthwise
