#include "report/figures/length_chart.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <limits>
#include <set>

#include "report/figures/comparison_curves.h"

namespace lengthwise {
namespace {

Series series_of(const Comparison& comparison, Series series, size_t row,
                 const SpreadOf& spread_of) {
  constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
  bool several = false;
  for (size_t column = 0; column < comparison.eval_lengths.size(); ++column) {
    const bool measured = comparison.rows[row].cells[column].measured();
    const Spread spread = measured ? spread_of(row, column) : Spread{kNone, kNone, kNone};
    series.x.push_back(static_cast<double>(comparison.eval_lengths[column]));
    series.y.push_back(spread.mean);
    series.low.push_back(spread.low);
    series.high.push_back(spread.high);
    several = several || spread.low < spread.high;
  }
  if (!several) {
    series.low.clear();
    series.high.clear();
  }
  return series;
}

}  // namespace

std::vector<Series> series_by_length(const Comparison& comparison, const SpreadOf& spread_of) {
  const ComparisonCurves curves(comparison);
  std::vector<Series> all;
  for (size_t row = 0; row < comparison.rows.size(); ++row) {
    all.push_back(series_of(comparison, curves.of(comparison.rows[row]), row, spread_of));
  }
  return all;
}

LineChart chart_by_length(const Comparison& comparison, std::string title, std::string subtitle) {
  LineChart chart;
  chart.title = std::move(title);
  chart.subtitle = std::move(subtitle);
  chart.x_label = "evaluation length (tokens)";
  chart.x_scale = Scale::logarithmic;
  chart.x_ticks.assign(comparison.eval_lengths.begin(), comparison.eval_lengths.end());
  const std::string note = ComparisonCurves(comparison).note();
  if (!note.empty()) chart.notes.push_back(note);
  std::set<int64_t> lengths;
  for (const Row& row : comparison.rows) lengths.insert(row.train_length);
  for (const int64_t length : lengths) {
    chart.marks.push_back(
        {static_cast<double>(length),
         fmt::format("{} {}", lengths.size() > 1 ? "train" : "trained at", length)});
  }
  return chart;
}

void add_limit_note(LineChart& chart, const Comparison& comparison) {
  std::vector<std::string> limited;
  for (const Row& row : comparison.rows) {
    const auto cell = std::ranges::find_if(row.cells, [](const Cell& each) {
      return !each.measured() && each.beyond_max_length.has_value();
    });
    if (cell == row.cells.end()) continue;
    limited.push_back(fmt::format("{} ({})", comparison.label(row), *cell->beyond_max_length));
  }
  if (limited.empty()) return;
  chart.notes.push_back(
      fmt::format("Without positions beyond a limit: {}.", fmt::join(limited, "; ")));
}

LineChart cost_chart(const Comparison& comparison) {
  LineChart chart = chart_by_length(comparison, "Speed and memory of evaluation",
                                    "mean over seeds; the highest memory of any");
  const auto series = [&](double Cell::*value) {
    return series_by_length(comparison, [&comparison, value](size_t row, size_t column) {
      const double alone = comparison.rows[row].cells[column].*value;
      return Spread{alone, alone, alone};
    });
  };
  chart.views = {{"tokens per second", "tokens per second", Scale::logarithmic, std::nullopt,
                  series(&Cell::tokens_per_second)},
                 {"peak memory", "peak memory (MiB)", Scale::logarithmic, std::nullopt,
                  series(&Cell::peak_memory_mib)}};
  return chart;
}

}  // namespace lengthwise
