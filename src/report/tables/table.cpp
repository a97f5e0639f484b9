#include "report/tables/table.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "report/tables/spread_text.h"

namespace lengthwise {
namespace {

/// Behind the mean, with as many decimals: its interval, or without one what there is of the seeds'
/// spread.
std::string spread_of(const Cell& cell, const TextCell& text) {
  const double mean = cell.mean_perplexity();
  const int decimals = perplexity_decimals(mean);
  if (text.perplexity_interval) return spread_text(mean, *text.perplexity_interval, decimals);
  const auto deviation = cell.perplexity_deviation();
  return deviation ? spread_text(mean, {mean - *deviation, mean + *deviation}, decimals) : "";
}

bool has_skewed_interval(const Cell& cell, const TextCell& text) {
  const double mean = cell.measured() ? cell.mean_perplexity() : 0;
  return text.perplexity_interval &&
         is_skewed(mean, *text.perplexity_interval, perplexity_decimals(mean));
}

std::string cell_text(const Cell& cell, const TextCell& values, const Marks& marks) {
  if (!cell.measured()) {
    return cell.beyond_max_length ? fmt::format("–{}", marks.otherwise) : std::string();
  }
  const std::string text = format_perplexity(cell.mean_perplexity()) + spread_of(cell, values);
  if (cell.best) return fmt::format("{}{}{}", marks.before, text, marks.after);
  return text + std::string(cell.tied_with_best() ? kTied : marks.otherwise);
}

TextGrid grid_of(const TextComparison& comparison, const Marks& marks) {
  const std::string otherwise(marks.otherwise);
  TextGrid grid = rows_without_lengths(comparison);
  const size_t before = grid[0].size();
  for (const int64_t length : comparison.eval_lengths) {
    grid[0].push_back(fmt::format("{}{}", length, otherwise));
  }
  for (size_t i = 0; i < comparison.rows.size(); ++i) {
    for (size_t column = 0; column < comparison.eval_lengths.size(); ++column) {
      grid[i + 1].push_back(
          cell_text(comparison.rows[i].cells[column], comparison.text_cells[i][column], marks));
    }
  }
  if (comparison.has_ideal()) {
    grid.push_back({"ideal reader"});
    grid.back().resize(before);
    for (const auto& nats : comparison.ideal_nats) {
      grid.back().push_back(nats ? format_perplexity(std::exp(*nats)) + otherwise : "");
    }
  }
  return grid;
}

std::string bound_of(const std::optional<Interval>& interval, double Interval::*bound) {
  return interval ? format_exactly((*interval).*bound) : std::string();
}

std::vector<std::string> csv_row(const TextComparison& comparison, size_t place, size_t column) {
  const Row& row = comparison.rows[place];
  const Cell& cell = row.cells[column];
  const TextCell& text = comparison.text_cells[place][column];
  const Measurement& measurement = comparison.measurement;
  const int64_t length = comparison.eval_lengths[column];
  std::vector<std::string> fields{
      row.label(),
      fmt::format("{}", row.train_length),
      fmt::format("{}", length),
      measurement.split,
      measurement.protocol,
      fmt::format("{}", measurement.stride == 0 ? length : measurement.stride),
      fmt::format("{}", cell.nats_per_token.size())};
  if (cell.measured()) {
    fields.insert(
        fields.end(),
        {format_exactly(cell.mean_perplexity()), format_exactly(cell.perplexity_deviation()),
         format_exactly(cell.mean_nats_per_token()), fmt::format("{}", comparison.tokens),
         format_exactly(comparison.ideal_nats[column]), format_exactly(cell.tokens_per_second),
         format_exactly(cell.peak_memory_mib)});
  } else {
    fields.resize(fields.size() + 7);
  }
  const bool beyond = cell.beyond_max_length && !cell.measured();
  fields.insert(fields.end(), {cell.best               ? "best"
                               : cell.tied_with_best() ? "not distinguishable"
                                                       : "",
                               beyond ? fmt::format("{}", *cell.beyond_max_length) : "",
                               comparison.corpus, measurement.documents, measurement.first_token,
                               bound_of(text.perplexity_interval, &Interval::lo),
                               bound_of(text.perplexity_interval, &Interval::hi),
                               bound_of(text.nats_interval, &Interval::lo),
                               bound_of(text.nats_interval, &Interval::hi),
                               format_exactly(comparison.bits_per_byte(cell)),
                               format_exactly(comparison.perplexity_per_word(cell)),
                               row.training ? format_exactly(row.training->tokens_per_second) : "",
                               row.training ? format_exactly(row.training->peak_memory_mib) : ""});
  return fields;
}

}  // namespace

std::string title_line(const TextComparison& comparison) {
  return fmt::format("perplexity on {}: {}, {} tokens scored at every length", comparison.corpus,
                     describe(comparison.measurement), format_count(comparison.tokens));
}

std::string terminal_table(const TextComparison& comparison) {
  return terminal_text({title_line(comparison), grid_of(comparison, kTerminalMarks),
                        table_explanations(comparison, "*")},
                       comparison);
}

std::string markdown_table(const TextComparison& comparison) {
  return markdown_text({title_line(comparison), grid_of(comparison, kNoMarks),
                        table_explanations(comparison, "Bold")},
                       comparison);
}

std::string csv_table(const TextComparison& comparison) {
  TextGrid grid{{"scheme",
                 "train_length",
                 "eval_length",
                 "split",
                 "protocol",
                 "stride",
                 "seeds",
                 "perplexity",
                 "perplexity_std",
                 "nats_per_token",
                 "tokens",
                 "ideal_nats_per_token",
                 "tokens_per_second",
                 "peak_memory_mib",
                 "best",
                 "beyond_max_length",
                 "corpus",
                 "documents",
                 "first_token",
                 "perplexity_lo",
                 "perplexity_hi",
                 "nats_per_token_lo",
                 "nats_per_token_hi",
                 "bits_per_byte",
                 "perplexity_per_word",
                 "train_tokens_per_second",
                 "train_peak_memory_mib"}};
  for (size_t row = 0; row < comparison.rows.size(); ++row) {
    for (size_t column = 0; column < comparison.eval_lengths.size(); ++column) {
      const Cell& cell = comparison.rows[row].cells[column];
      if (cell.measured() || cell.beyond_max_length) {
        grid.push_back(csv_row(comparison, row, column));
      }
    }
  }
  return csv_lines(grid);
}

std::vector<std::vector<TableCell>> table_cells(const TextComparison& comparison) {
  return marked_cells(grid_of(comparison, kNoMarks), comparison);
}

std::vector<std::string> table_explanations(const TextComparison& comparison,
                                            std::string_view best_mark) {
  bool best = false, tied = false, several = false, one = false, interval = false, skewed = false,
       limit = false;
  for (size_t row = 0; row < comparison.rows.size(); ++row) {
    for (size_t column = 0; column < comparison.eval_lengths.size(); ++column) {
      const Cell& cell = comparison.rows[row].cells[column];
      const TextCell& text = comparison.text_cells[row][column];
      best = best || cell.best;
      tied = tied || (cell.tied_with_best() && !cell.best);
      several = several || cell.nats_per_token.size() > 1;
      one = one || cell.nats_per_token.size() == 1;
      interval = interval || text.perplexity_interval;
      skewed = skewed || has_skewed_interval(cell, text);
      limit = limit || (cell.beyond_max_length && !cell.measured());
    }
  }
  std::vector<std::string> lines{"Columns: eval_length in tokens."};
  if (best) lines.push_back(fmt::format("{}: the lowest of its column.", best_mark));
  if (tied) {
    lines.push_back(tie_explanation("lowest"));
  }
  if (interval) {
    lines.push_back(fmt::format(
        "±: 95 % interval by resampling {}{}; differences between rows, on the same tokens, are "
        "known better.{}",
        comparison.blocks, several ? " and seeds" : "",
        one ? " Of a single seed it says how the tokens scatter, not how another seed would."
            : ""));
    if (skewed) lines.emplace_back(kSkewedExplanation);
  } else if (several) {
    lines.push_back("Mean over seeds ± sample standard deviation.");
  }
  if (!interval && !comparison.blocks.empty()) lines.push_back(comparison.blocks + ".");
  if (limit) lines.push_back("–: beyond the scheme's limit.");
  if (comparison.has_training()) lines.emplace_back(kTrainingExplanation);
  if (comparison.has_ideal()) {
    lines.push_back("ideal reader: the exact Bayes-optimal predictor, given the same windows.");
  }
  return lines;
}

}  // namespace lengthwise
