#include "report/figures/accuracy_chart.h"

#include "report/figures/length_chart.h"

namespace lengthwise {

LineChart accuracy_chart(const TaskComparison& comparison) {
  LineChart chart = chart_by_length(
      comparison, "Accuracy by evaluation length on " + comparison.corpus, "shaded: 95 % interval");
  const auto examples = [&](size_t row, size_t column) {
    const TaskAccuracy& at = *comparison.accuracy[row][column];
    return Spread{at.accuracy, at.interval.lo, at.interval.hi};
  };
  const auto tokens = [&](size_t row, size_t column) {
    const double share = comparison.accuracy[row][column]->token_accuracy;
    return Spread{share, share, share};
  };
  chart.views = {{"examples", "share of examples right", Scale::linear, std::nullopt,
                  series_by_length(comparison, examples)},
                 {"answer tokens", "share of answer tokens right", Scale::linear, std::nullopt,
                  series_by_length(comparison, tokens)}};
  add_limit_note(chart, comparison);
  return chart;
}

}  // namespace lengthwise
