#include "report/figures/breakdown_charts.h"

#include <fmt/format.h>

#include <cmath>
#include <limits>
#include <numeric>

#include "report/figures/comparison_curves.h"

namespace lengthwise {
namespace {

constexpr double kNormal95 = 1.96;  // standard errors that hold 95 % of a normal distribution
constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

/// A kind without tokens at this length is a gap.
Series series_of(Series series, const std::vector<double>& x, const std::vector<BinMean>& bins) {
  series.x = x;
  series.y.assign(x.size(), kNone);
  bool banded = false;
  series.low = series.high = series.y;
  for (size_t i = 0; i < bins.size(); ++i) {
    if (bins[i].tokens == 0) continue;
    const double error = kNormal95 * bins[i].standard_error.value_or(0);
    banded = banded || error > 0;
    series.y[i] = bins[i].nats_per_token;
    series.low[i] = series.y[i] - error;
    series.high[i] = series.y[i] + error;
  }
  if (!banded) {
    series.low.clear();
    series.high.clear();
  }
  return series;
}

View view_at(const TextComparison& comparison, const Breakdown& breakdown, size_t column,
             const std::vector<double>& x) {
  View view{fmt::format("{}", comparison.eval_lengths[column]),
            fmt::format("nats per token at length {}", comparison.eval_lengths[column]),
            Scale::linear,
            std::nullopt,
            {}};
  const ComparisonCurves curves(comparison);
  for (size_t row = 0; row < comparison.rows.size(); ++row) {
    view.series.push_back(
        series_of(curves.of(comparison.rows[row]), x, breakdown.rows[row][column]));
  }
  if (comparison.has_ideal()) {
    view.series.push_back(series_of(ComparisonCurves::ideal(), x, breakdown.ideal[column]));
  }
  return view;
}

}  // namespace

std::vector<LineChart> breakdown_charts(const TextComparison& comparison) {
  const std::string note = ComparisonCurves(comparison).note();
  std::vector<LineChart> charts;
  for (const Breakdown& breakdown : comparison.breakdowns) {
    LineChart chart;
    chart.title = "Loss " + breakdown.title;
    chart.subtitle = "by evaluation length; shaded: 1.96 standard errors";
    chart.x_label = breakdown.title;
    chart.x_ticks.resize(breakdown.bins.size());
    std::iota(chart.x_ticks.begin(), chart.x_ticks.end(), 0.0);
    chart.x_tick_names = breakdown.bins;
    if (!note.empty()) chart.notes.push_back(note);
    for (size_t column = comparison.eval_lengths.size(); column-- > 0;) {
      chart.views.push_back(view_at(comparison, breakdown, column, chart.x_ticks));
    }
    charts.push_back(std::move(chart));
  }
  return charts;
}

}  // namespace lengthwise
