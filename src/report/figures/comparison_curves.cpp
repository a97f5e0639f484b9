#include "report/figures/comparison_curves.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "report/figures/looks.h"

namespace lengthwise {
namespace {

constexpr size_t kMostRows = 8, kMostCurves = 12;
constexpr double kNone = std::numeric_limits<double>::infinity();

double score(const Cell& cell) {
  return cell.rank.value_or(kNone);
}

/// At the measured length nearest to the train length.
double score_at_train_length(const Comparison& comparison, const Row& row) {
  double nearest = kNone, found = kNone;
  for (size_t column = 0; column < row.cells.size(); ++column) {
    const double octaves = std::abs(std::log2(static_cast<double>(comparison.eval_lengths[column]) /
                                              static_cast<double>(row.train_length)));
    if (score(row.cells[column]) == kNone || octaves >= nearest) continue;
    nearest = octaves;
    found = score(row.cells[column]);
  }
  return found;
}

/// The rows that matter most, in that order.
std::vector<const Row*> chosen_rows(const Comparison& comparison) {
  std::vector<const Row*> rows;
  for (const Row& row : comparison.rows) rows.push_back(&row);
  std::vector<const Row*> chosen;
  const auto choose = [&](const Row* row) {
    if (std::ranges::find(chosen, row) == chosen.end()) chosen.push_back(row);
  };
  choose(*std::ranges::min_element(
      rows, {}, [&](const Row* row) { return score_at_train_length(comparison, *row); }));
  std::ranges::stable_sort(rows, {}, [](const Row* row) { return score(row->cells.back()); });
  const auto last = std::ranges::find_if(
      rows.rbegin(), rows.rend(), [](const Row* row) { return score(row->cells.back()) < kNone; });
  if (last != rows.rend()) choose(*last);
  for (const Row* row : rows) choose(row);
  if (chosen.size() > kMostRows) chosen.resize(kMostRows);
  return chosen;
}

}  // namespace

ComparisonCurves::ComparisonCurves(const Comparison& comparison) : comparison_(comparison) {
  std::vector<LineName> names;
  for (const Row& row : comparison.rows) {
    // As trained too, whether it was measured or not, so that a run keeps its look.
    Row trained = row;
    trained.variant.clear();
    trained.weights = "last";
    for (const Row& each : {row, trained}) {
      names.push_back({each.scheme, comparison.label(each)});
      // The plain scheme has its look whatever its train length is called.
      if (each.label() == each.scheme) names.push_back({each.scheme, each.scheme});
    }
  }
  for (const PublishedRow& row : comparison.published) names.push_back({row.scheme, label(row)});
  looks_ = looks_for(std::move(names));

  const size_t all = comparison.rows.size() + comparison.published.size();
  crowded_ = all > kMostCurves || comparison.rows.size() > kMostRows;
  if (!crowded_) return;
  for (const Row* row : chosen_rows(comparison)) shown_.insert(comparison.label(*row));
  for (const PublishedRow& row : comparison.published) {
    if (shown_.size() < kMostCurves) shown_.insert(label(row));
  }
  note_ = fmt::format(
      "{} of {} curves have a name and a colour: the best at the train length, the worst and the "
      "best at the longest. The others are grey here, one click away in report.html, and in the "
      "table.",
      shown_.size(), all);
}

Series ComparisonCurves::named(const std::string& label) const {
  Series series;
  series.label = label;
  series.look = looks_.at(label);
  series.aside = crowded_ && !shown_.contains(label);
  return series;
}

std::string ComparisonCurves::label(const PublishedRow& row) const {
  const bool several = std::ranges::any_of(comparison_.rows, [&](const Row& other) {
    return other.train_length != comparison_.rows.front().train_length;
  });
  return several ? fmt::format("{}, train {}", row.label(), row.train_length) : row.label();
}

Series ComparisonCurves::of(const Row& row) const {
  return named(comparison_.label(row));
}

Series ComparisonCurves::of(const PublishedRow& row) const {
  return named(label(row));
}

Series ComparisonCurves::ideal() {
  Series series;
  series.label = kIdealLabel;
  series.look = kIdealLook;
  return series;
}

}  // namespace lengthwise
