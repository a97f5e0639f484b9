#include "report/tables/task_table.h"

#include <fmt/format.h>

#include <algorithm>

#include "data/tasks/task.h"
#include "report/comparison/task_accuracy.h"

namespace lengthwise {
namespace {

std::string accuracy_text(const Cell& cell, const TaskAccuracy& task, const Marks& marks) {
  const std::string text =
      fmt::format("{} [{}, {}]", format_percent(task.accuracy), format_percent(task.interval.lo),
                  format_percent(task.interval.hi));
  if (cell.best) return fmt::format("{}{}{}", marks.before, text, marks.after);
  return text + std::string(cell.tied_with_best() ? kTied : marks.otherwise);
}

std::string token_accuracy_text(const Cell&, const TaskAccuracy& task, const Marks& marks) {
  return format_percent(task.token_accuracy) + std::string(marks.otherwise);
}

TextGrid grid_of(const TaskComparison& comparison, const Marks& marks,
                 std::string (*text_of)(const Cell&, const TaskAccuracy&, const Marks&)) {
  TextGrid grid = rows_without_lengths(comparison);
  for (const int64_t length : comparison.eval_lengths) {
    grid[0].push_back(fmt::format("{}{}", length, marks.otherwise));
  }
  for (size_t i = 0; i < comparison.rows.size(); ++i) {
    for (size_t column = 0; column < comparison.eval_lengths.size(); ++column) {
      const Cell& cell = comparison.rows[i].cells[column];
      const auto& accuracy = comparison.accuracy[i][column];
      grid[i + 1].push_back(accuracy                 ? text_of(cell, *accuracy, marks)
                            : cell.beyond_max_length ? fmt::format("–{}", marks.otherwise)
                                                     : std::string());
    }
  }
  return grid;
}

template <class Predicate>
bool any_cell(const TaskComparison& comparison, const Predicate& predicate) {
  return std::ranges::any_of(
      comparison.rows, [&](const Row& row) { return std::ranges::any_of(row.cells, predicate); });
}

std::string examples_text(const TaskComparison& comparison) {
  int64_t least = 0, most = 0;
  for (const auto& row : comparison.accuracy) {
    for (const auto& accuracy : row) {
      if (!accuracy) continue;
      least = least == 0 ? accuracy->examples : std::min(least, accuracy->examples);
      most = std::max(most, accuracy->examples);
    }
  }
  return least == most ? format_count(most)
                       : fmt::format("{} to {}", format_count(least), format_count(most));
}

bool has_long_answers(const TaskComparison& comparison) {
  return std::ranges::any_of(comparison.accuracy, [](const auto& row) {
    return std::ranges::any_of(
        row, [](const auto& accuracy) { return accuracy && accuracy->by_answer.size() > 1; });
  });
}

std::vector<std::string> cell_fields(const TaskComparison& comparison, const Row& row,
                                     size_t column) {
  return {row.label(), fmt::format("{}", row.train_length),
          fmt::format("{}", comparison.eval_lengths[column])};
}

void add_tallies(TextGrid& grid, const std::vector<std::string>& cell, const std::string& kind,
                 const std::vector<Tally>& tallies) {
  for (size_t i = 0; i < tallies.size(); ++i) {
    if (tallies[i].all == 0) continue;
    grid.push_back(cell);
    grid.back().insert(
        grid.back().end(),
        {kind, fmt::format("{}", i + 1), fmt::format("{}", tallies[i].all),
         fmt::format("{}", tallies[i].right), fmt::format("{}", tallies[i].share())});
  }
}

}  // namespace

std::string task_title_line(const TaskComparison& comparison) {
  return fmt::format("accuracy on {}: percent of {} examples a length, {} split", comparison.corpus,
                     examples_text(comparison), comparison.measurement.split);
}

std::vector<std::string> task_explanations(const TaskComparison& comparison,
                                           std::string_view best_mark) {
  std::vector<std::string> lines{
      "Columns: eval_length in tokens. An example is right where every token of its answer is the "
      "model's likeliest, given the true ones before it."};
  if (any_cell(comparison, [](const Cell& cell) { return cell.best; })) {
    lines.push_back(fmt::format("{}: the highest of its column.", best_mark));
  }
  if (any_cell(comparison, [](const Cell& cell) { return !cell.best && cell.tied_with_best(); })) {
    lines.push_back(tie_explanation("highest"));
  }
  const bool several =
      any_cell(comparison, [](const Cell& cell) { return cell.nats_per_token.size() > 1; });
  const bool one =
      any_cell(comparison, [](const Cell& cell) { return cell.nats_per_token.size() == 1; });
  lines.push_back(fmt::format(
      "[ ]: 95 % interval over examples{} (Wilson{}).{}", several ? " and seeds" : "",
      several ? ", widened to that by resampling both" : "",
      one ? " Of a single seed it says how the examples scatter, not how another seed would do."
          : ""));
  if (any_cell(comparison,
               [](const Cell& cell) { return cell.beyond_max_length && !cell.measured(); })) {
    lines.emplace_back("–: beyond the scheme's limit.");
  }
  if (comparison.has_training()) lines.emplace_back(kTrainingExplanation);
  const auto task = std::ranges::find(tasks(), comparison.corpus, &Task::name);
  if (task != tasks().end()) {
    lines.push_back(
        fmt::format("A guess at an answer token is right once in {}.", task->answer_symbols));
  }
  return lines;
}

std::vector<std::vector<TableCell>> task_table_cells(const TaskComparison& comparison) {
  return marked_cells(grid_of(comparison, kNoMarks, accuracy_text), comparison);
}

std::string terminal_task_table(const TaskComparison& comparison) {
  std::string text = terminal_text(
      {task_title_line(comparison), grid_of(comparison, kTerminalMarks, accuracy_text),
       task_explanations(comparison, "*")},
      comparison);
  if (has_long_answers(comparison)) {
    text += "\nPercent of answer tokens:\n" +
            terminal_lines(grid_of(comparison, kTerminalMarks, token_accuracy_text));
  }
  return text;
}

std::string markdown_task_table(const TaskComparison& comparison) {
  std::string text =
      markdown_text({task_title_line(comparison), grid_of(comparison, kNoMarks, accuracy_text),
                     task_explanations(comparison, "Bold")},
                    comparison);
  if (has_long_answers(comparison)) {
    text += "\nPercent of answer tokens:\n\n" +
            markdown_lines(grid_of(comparison, kNoMarks, token_accuracy_text));
  }
  return text;
}

std::string task_csv(const TaskComparison& comparison) {
  TextGrid grid{{"scheme", "train_length", "eval_length", "task", "split", "seeds", "examples",
                 "accuracy", "accuracy_lo", "accuracy_hi", "token_accuracy", "nats_per_token",
                 "tokens_per_second", "peak_memory_mib", "beyond_max_length",
                 "train_tokens_per_second", "train_peak_memory_mib"}};
  for (size_t i = 0; i < comparison.rows.size(); ++i) {
    const Row& row = comparison.rows[i];
    for (size_t column = 0; column < row.cells.size(); ++column) {
      const Cell& cell = row.cells[column];
      const auto& accuracy = comparison.accuracy[i][column];
      if (!accuracy && !cell.beyond_max_length) continue;
      grid.push_back(cell_fields(comparison, row, column));
      auto& fields = grid.back();
      fields.insert(fields.end(), {comparison.corpus, comparison.measurement.split,
                                   fmt::format("{}", cell.nats_per_token.size())});
      if (accuracy) {
        for (const double value :
             {static_cast<double>(accuracy->examples), accuracy->accuracy, accuracy->interval.lo,
              accuracy->interval.hi, accuracy->token_accuracy, cell.mean_nats_per_token(),
              cell.tokens_per_second, cell.peak_memory_mib}) {
          fields.push_back(fmt::format("{}", value));
        }
      } else {
        fields.resize(fields.size() + 8);
      }
      fields.push_back(accuracy ? "" : fmt::format("{}", *cell.beyond_max_length));
      fields.push_back(row.training ? fmt::format("{}", row.training->tokens_per_second) : "");
      fields.push_back(row.training ? fmt::format("{}", row.training->peak_memory_mib) : "");
    }
  }
  return csv_lines(grid);
}

std::string task_places_csv(const TaskComparison& comparison) {
  TextGrid grid{{"scheme", "train_length", "eval_length", "by", "number", "answer_tokens", "right",
                 "token_accuracy"}};
  for (size_t row = 0; row < comparison.rows.size(); ++row) {
    for (size_t column = 0; column < comparison.eval_lengths.size(); ++column) {
      const auto& accuracy = comparison.accuracy[row][column];
      if (!accuracy) continue;
      const auto cell = cell_fields(comparison, comparison.rows[row], column);
      add_tallies(grid, cell, "place", accuracy->by_place);
      add_tallies(grid, cell, "answer", accuracy->by_answer);
    }
  }
  return csv_lines(grid);
}

}  // namespace lengthwise
