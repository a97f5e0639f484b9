#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/text_grid.h"
#include "report/atlas/atlas.h"

namespace lengthwise {
namespace {

std::string value_text(const AtlasColumn& column, double value) {
  if (column.is_accuracy) return fmt::format("{:.1f} %", 100 * value);
  return fmt::format("{:.{}f}", value, value < 100 ? 2 : 0);
}

std::string rank_text(const AtlasColumn::Cell& cell) {
  return cell.first_rank == cell.last_rank
             ? fmt::format("{}", cell.first_rank)
             : fmt::format("{} to {}", cell.first_rank, cell.last_rank);
}

std::string cell_text(const AtlasColumn& column, const std::string& scheme, bool with_interval) {
  const auto found = column.cells.find(scheme);
  if (found == column.cells.end()) return "–";
  const auto& cell = found->second;
  if (!with_interval) {
    return fmt::format("{} ({})", value_text(column, cell.value), rank_text(cell));
  }
  return fmt::format("{} [{}, {}]", value_text(column, cell.value), value_text(column, cell.lo),
                     value_text(column, cell.hi));
}

/// Values with ranks, or with intervals.
std::string table(const Atlas& atlas, bool with_interval) {
  TextGrid grid{{"scheme"}};
  for (const AtlasColumn& column : atlas.columns) {
    grid[0].push_back(fmt::format("{} at {}", column.question, column.eval_length));
  }
  if (!with_interval) grid[0].insert(grid[0].end(), {"train tokens/s", "train MiB"});
  for (const std::string& scheme : atlas.schemes) {
    grid.push_back({scheme});
    for (const AtlasColumn& column : atlas.columns) {
      grid.back().push_back(cell_text(column, scheme, with_interval));
    }
    if (with_interval) continue;
    const AtlasCost& cost = atlas.costs.at(scheme);
    const auto rounded = [](const std::optional<double>& value) {
      return value ? fmt::format("{:.0f}", *value) : std::string("–");
    };
    grid.back().push_back(rounded(cost.tokens_per_second));
    grid.back().push_back(rounded(cost.peak_memory_mib));
  }
  return markdown_lines(grid);
}

}  // namespace

std::string atlas_page(const Atlas& atlas, const std::string& command) {
  std::string columns;
  for (const AtlasColumn& column : atlas.columns) {
    columns += fmt::format("- {} at {}: {} in {}, trained at {}, {} schemes.\n", column.question,
                           column.eval_length, column.is_accuracy ? "examples right" : "perplexity",
                           column.folder, column.train_length, column.cells.size());
  }
  return fmt::format(R"(# Atlas

Every scheme with the options it has by default, on every corpus and task at hand: at the train length and at the
longest length measured. In brackets the ranks that are not told apart with 95 % confidence: of perplexities by the
differences on the same tokens, of accuracies by their intervals; comparisons are not corrected for their number.
Written by `{}`.

{}
Train tokens/s and MiB are those of the first folder that has the scheme, and depend on its machine.
–: not measured, or beyond the scheme's limit.{}

## Columns

{}
## Intervals

{}
95 % intervals, as each folder's README says how they were made.
)",
                     command, table(atlas, false),
                     atlas.left_out.empty() ? ""
                                            : fmt::format("\nLeft out, as of other options: {}.",
                                                          fmt::join(atlas.left_out, ", ")),
                     columns, table(atlas, true));
}

}  // namespace lengthwise
