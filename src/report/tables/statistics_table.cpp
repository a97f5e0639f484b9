#include "report/tables/statistics_table.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

#include "base/plain_text.h"
#include "report/comparison/published.h"
#include "report/tables/spread_text.h"
#include "report/tables/table.h"

namespace lengthwise {
namespace {

std::string text_of(const Estimate& estimate, int decimals) {
  const std::string text = fmt::format("{:.{}f}", estimate.value, decimals);
  return estimate.interval ? text + spread_text(estimate.value, *estimate.interval, decimals)
                           : text;
}

std::string text_of(const std::optional<Estimate>& estimate, int decimals) {
  return estimate ? text_of(*estimate, decimals) : std::string();
}

std::string memory_text(const GapToIdeal& gap, int64_t length) {
  if (!gap.equivalent_memory) return {};
  const Estimate& memory = *gap.equivalent_memory;
  // A token's rounding to 32 bits must not show.
  if (memory.value > static_cast<double>(length) - 0.5) return fmt::format("at least {}", length);
  if (memory.value <= static_cast<double>(gap.least_memory)) {
    return fmt::format("below {}", gap.least_memory);
  }
  if (!memory.interval) return fmt::format("{:.0f}", memory.value);
  return fmt::format("{:.0f} [{:.0f}, {:.0f}]", memory.value, memory.interval->lo,
                     memory.interval->hi);
}

TextGrid gap_grid(const TextComparison& comparison) {
  TextGrid grid{{"gap to the ideal"}};
  for (const int64_t length : comparison.eval_lengths) grid[0].push_back(fmt::format("{}", length));
  for (size_t row = 0; row < comparison.rows.size(); ++row) {
    grid.push_back({comparison.label(comparison.rows[row])});
    for (const TextCell& cell : comparison.text_cells[row]) {
      grid.back().push_back(cell.gap ? text_of(cell.gap->all, 3) : "");
    }
  }
  return grid;
}

TextGrid memory_grid(const TextComparison& comparison, size_t column) {
  const int64_t length = comparison.eval_lengths[column];
  TextGrid grid{
      {fmt::format("at {}", length), "order", "memory", "used", "beyond", "equivalent memory"}};
  for (size_t row = 0; row < comparison.rows.size(); ++row) {
    const auto& gap = comparison.text_cells[row][column].gap;
    if (!gap) continue;
    grid.push_back({comparison.label(comparison.rows[row]), text_of(gap->order, 3),
                    text_of(gap->memory, 3), text_of(gap->used, 2), text_of(gap->beyond, 2),
                    memory_text(*gap, length)});
  }
  return grid;
}

/// "64: rotary, learned; 128: rotary"; empty where every row is told from the best.
std::string ties(const TextComparison& comparison) {
  std::vector<std::string> columns;
  for (size_t column = 0; column < comparison.eval_lengths.size(); ++column) {
    std::vector<std::string> names;
    for (const Row& row : comparison.rows) {
      const Cell& cell = row.cells[column];
      if (!cell.behind_best || !cell.behind_best->interval) continue;
      if (!cell.distinguishable_from_best()) names.push_back(comparison.label(row));
    }
    if (names.empty()) continue;
    columns.push_back(
        fmt::format("{}: {}", comparison.eval_lengths[column], fmt::join(names, ", ")));
  }
  return fmt::format("{}", fmt::join(columns, "; "));
}

std::string ties_line(const TextComparison& comparison) {
  const bool asked = std::ranges::any_of(comparison.differences, [](const RowDifference& each) {
    return each.nats.interval.has_value();
  });
  if (!asked) return {};
  const std::string found = ties(comparison);
  if (found.empty()) return "Every row is told from the lowest of its column.";
  return fmt::format("Not distinguishable from the lowest of the column: {}.", found);
}

bool has_gaps(const TextComparison& comparison) {
  return std::ranges::any_of(comparison.text_cells, [](const std::vector<TextCell>& row) {
    return std::ranges::any_of(row, [](const TextCell& cell) { return cell.gap.has_value(); });
  });
}

std::optional<size_t> longest_measured(const TextComparison& comparison) {
  for (size_t column = comparison.eval_lengths.size(); column-- > 0;) {
    for (const Row& row : comparison.rows) {
      if (row.cells[column].measured()) return column;
    }
  }
  return std::nullopt;
}

/// Rows are the kinds of token, as there are more of them than schemes fit a line.
TextGrid breakdown_grid(const TextComparison& comparison, const Breakdown& breakdown,
                        size_t column) {
  TextGrid grid{{"", "tokens"}};
  for (const Row& row : comparison.rows) grid[0].push_back(comparison.label(row));
  const bool ideal = !breakdown.ideal[column].empty();
  if (ideal) grid[0].push_back("ideal reader");
  for (size_t bin = 0; bin < breakdown.bins.size(); ++bin) {
    const int64_t tokens = breakdown.tokens[column][bin];
    if (tokens == 0) continue;
    grid.push_back({breakdown.bins[bin], format_count(tokens)});
    for (size_t row = 0; row < comparison.rows.size(); ++row) {
      const auto& bins = breakdown.rows[row][column];
      grid.back().push_back(
          bins.empty() ? "" : text_of(Estimate{bins[bin].nats_per_token, std::nullopt}, 3));
    }
    if (ideal)
      grid.back().push_back(fmt::format("{:.3f}", breakdown.ideal[column][bin].nats_per_token));
  }
  return grid;
}

void add_estimate(std::vector<std::string>& fields, const std::optional<Estimate>& estimate) {
  const bool bounded = estimate && estimate->interval;
  fields.push_back(estimate ? format_exactly(estimate->value) : "");
  fields.push_back(bounded ? format_exactly(estimate->interval->lo) : "");
  fields.push_back(bounded ? format_exactly(estimate->interval->hi) : "");
}

std::vector<std::string> bin_fields(const BinMean& bin) {
  return {fmt::format("{}", bin.tokens), bin.tokens > 0 ? format_exactly(bin.nats_per_token) : "",
          format_exactly(bin.standard_error), format_exactly(bin.gap),
          format_exactly(bin.gap_standard_error)};
}

}  // namespace

std::vector<TextGrid> gap_grids(const TextComparison& comparison) {
  if (!has_gaps(comparison)) return {};
  return {gap_grid(comparison), memory_grid(comparison, *longest_measured(comparison))};
}

const std::vector<std::string>& gap_explanations() {
  static const std::vector<std::string> lines{
      "gap: nats a token above the exact reader on the same windows; order: over the cues, whose "
      "law "
      "is the same in every document; memory: over the answers, which only the document's past "
      "tells.",
      "used: the loss that longer windows than the train length took off, as a share of what they "
      "took off the ideal; it counts what any window offers, even to a reader of short memory.",
      "beyond: from 0, no better than an exact reader that remembers train_length tokens, to 1, "
      "perfect.",
      "equivalent memory: tokens that an exact reader would need to remember to have the same "
      "loss.",
      "Both of these count plain modelling error as forgetting: they are low figures.",
      "±: the wider half of the 95 % interval; [ ]: its bounds, where its halves differ by more "
      "than a tenth."};
  return lines;
}

std::string terminal_report(const TextComparison& comparison) {
  std::string text = terminal_table(comparison);
  const auto gaps = gap_grids(comparison);
  for (const TextGrid& grid : gaps) text += "\n" + terminal_lines(grid);
  if (!gaps.empty()) {
    for (const std::string& line : gap_explanations()) text += line + "\n";
  }
  const std::string told = ties_line(comparison);
  if (!told.empty()) text += "\n" + one_line(told) + "\n";
  const TextGrid published = published_grid(comparison);
  return published.empty() ? text : text + "\n" + terminal_lines(published);
}

std::string markdown_statistics(const TextComparison& comparison) {
  std::string text = markdown_escaped(ties_line(comparison));
  if (!text.empty()) text += "\n";
  const auto longest = longest_measured(comparison);
  if (!longest) return text;
  const auto gaps = gap_grids(comparison);
  if (!gaps.empty()) {
    text += "\n## What is left to the ideal\n\n";
    for (const TextGrid& grid : gaps) text += markdown_lines(grid) + "\n";
    for (const std::string& line : gap_explanations()) text += "- " + line + "\n";
  }
  const TextGrid published = published_grid(comparison);
  if (!published.empty()) {
    text += "\n## Published numbers on the same data\n\n" + markdown_lines(published);
  }
  if (comparison.breakdowns.empty()) return text;
  text += fmt::format(
      "\n## Which tokens\n\nNats a token at eval_length {}; every length, with standard errors, is "
      "in "
      "`breakdowns.csv`.\n",
      comparison.eval_lengths[*longest]);
  for (const Breakdown& breakdown : comparison.breakdowns) {
    text += fmt::format("\nLoss {}:\n\n{}", breakdown.title,
                        markdown_lines(breakdown_grid(comparison, breakdown, *longest)));
  }
  return text;
}

std::string differences_csv(const TextComparison& comparison) {
  TextGrid grid{{"eval_length", "scheme", "train_length", "other_scheme", "other_train_length",
                 "nats_difference", "lo", "hi", "distinguishable"}};
  for (const RowDifference& each : comparison.differences) {
    const Row& row = comparison.rows[each.row];
    const Row& other = comparison.rows[each.other];
    grid.push_back({fmt::format("{}", comparison.eval_lengths[each.column]), row.label(),
                    fmt::format("{}", row.train_length), other.label(),
                    fmt::format("{}", other.train_length)});
    add_estimate(grid.back(), each.nats);
    grid.back().push_back(!each.nats.interval ? "" : each.nats.interval->holds(0) ? "no" : "yes");
  }
  return csv_lines(grid);
}

std::string gaps_csv(const TextComparison& comparison) {
  TextGrid grid{{"scheme", "train_length", "eval_length"}};
  for (const char* name :
       {"gap", "order_gap", "memory_gap", "used", "beyond", "equivalent_memory"}) {
    for (const char* bound : {"", "_lo", "_hi"})
      grid[0].push_back(fmt::format("{}{}", name, bound));
  }
  for (size_t i = 0; i < comparison.rows.size(); ++i) {
    const Row& row = comparison.rows[i];
    for (size_t column = 0; column < row.cells.size(); ++column) {
      const auto& gap = comparison.text_cells[i][column].gap;
      if (!gap) continue;
      grid.push_back({row.label(), fmt::format("{}", row.train_length),
                      fmt::format("{}", comparison.eval_lengths[column])});
      for (const std::optional<Estimate>& estimate :
           {std::optional(gap->all), std::optional(gap->order), std::optional(gap->memory),
            gap->used, gap->beyond, gap->equivalent_memory}) {
        add_estimate(grid.back(), estimate);
      }
    }
  }
  return csv_lines(grid);
}

std::string breakdowns_csv(const TextComparison& comparison) {
  TextGrid grid{{"breakdown", "kind", "scheme", "train_length", "eval_length", "tokens",
                 "nats_per_token", "standard_error", "gap", "gap_standard_error"}};
  for (const Breakdown& breakdown : comparison.breakdowns) {
    const auto add = [&](const std::string& scheme, const std::string& train_length, size_t column,
                         const std::vector<BinMean>& bins) {
      for (size_t bin = 0; bin < bins.size(); ++bin) {
        if (bins[bin].tokens == 0) continue;
        grid.push_back({breakdown.name, breakdown.bins[bin], scheme, train_length,
                        fmt::format("{}", comparison.eval_lengths[column])});
        const auto fields = bin_fields(bins[bin]);
        grid.back().insert(grid.back().end(), fields.begin(), fields.end());
      }
    };
    for (size_t column = 0; column < comparison.eval_lengths.size(); ++column) {
      for (size_t row = 0; row < comparison.rows.size(); ++row) {
        const Row& at = comparison.rows[row];
        add(at.label(), fmt::format("{}", at.train_length), column, breakdown.rows[row][column]);
      }
      add("ideal reader", "", column, breakdown.ideal[column]);
    }
  }
  return csv_lines(grid);
}

}  // namespace lengthwise
