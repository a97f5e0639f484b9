#include "report/comparison/text_comparison.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "base/error.h"

namespace lengthwise {
namespace {

constexpr double kTolerance = 1e-6;  // between two computations of the same exact reader

void add_ideal(TextComparison& comparison, const RunRecord& run, const EvaluationRecord& record) {
  if (!record.ideal_nats_per_token) return;
  auto& ideal = comparison.ideal_nats[*comparison.column_of(record.length)];
  if (!ideal) ideal = record.ideal_nats_per_token;
  if (std::abs(*ideal - *record.ideal_nats_per_token) > kTolerance * *ideal) {
    fail(
        "{}: at length {} its ideal reader has {:.9g} nats a token, other runs have {:.9g}; "
        "evaluate again",
        run.folder.string(), record.length, *record.ideal_nats_per_token, *ideal);
  }
}

}  // namespace

TextComparison::TextComparison(Comparison shared)
    : Comparison(std::move(shared)), ideal_nats(eval_lengths.size()), text_cells(grid<TextCell>()) {
  const auto cell = [&](size_t row, size_t column) -> const Cell& {
    return rows[row].cells[column];
  };
  mark_best(
      *this,
      [&](size_t row, size_t column) {
        return cell(row, column).measured() ? std::optional(cell(row, column).mean_perplexity())
                                            : std::nullopt;
      },
      [&](size_t row, size_t column) {
        return format_perplexity(cell(row, column).mean_perplexity());
      });
}

bool TextComparison::has_ideal() const {
  return std::ranges::any_of(ideal_nats, [](const auto& nats) { return nats.has_value(); });
}

std::optional<double> TextComparison::bits_per_byte(const Cell& cell) const {
  if (!cell.measured() || bytes == 0 || !unknown_tokens) return std::nullopt;
  const double nats = cell.mean_nats_per_token() * static_cast<double>(tokens) + spelling_nats;
  return nats / std::numbers::ln2 / static_cast<double>(bytes);
}

std::optional<double> TextComparison::perplexity_per_word(const Cell& cell) const {
  if (!cell.measured() || words == 0) return std::nullopt;
  return std::exp(cell.mean_nats_per_token() * static_cast<double>(tokens) /
                  static_cast<double>(words));
}

void add_ideal(TextComparison& comparison, const std::vector<RunRecord>& runs) {
  for (const RunRecord& run : runs) {
    for (const EvaluationRecord& record : run.evaluations) add_ideal(comparison, run, record);
  }
}

TextComparison compare_texts(std::vector<RunRecord> runs, const ComparisonRequest& request) {
  TextComparison comparison(compare_runs(runs, request));
  add_ideal(comparison, runs);
  return comparison;
}

}  // namespace lengthwise
