#include "report/figures/comparison_charts.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <set>

#include "report/figures/axis.h"
#include "report/figures/comparison_curves.h"

namespace lengthwise {
namespace {

constexpr double kShownMultiple = 4;
constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

/// A mean over seeds and its 95 % interval; without one the lowest and highest of them.
struct Spread {
  double mean, low, high;
};

std::set<int64_t> train_lengths(const Comparison& comparison) {
  std::set<int64_t> lengths;
  for (const Row& row : comparison.rows) lengths.insert(row.train_length);
  return lengths;
}

std::vector<double> reals(const std::vector<int64_t>& values) {
  return {values.begin(), values.end()};
}

Spread perplexities(const Cell& cell) {
  if (const auto& interval = cell.perplexity_interval) {
    return {cell.mean_perplexity(), interval->lo, interval->hi};
  }
  return {cell.mean_perplexity(), cell.least_perplexity(), cell.greatest_perplexity()};
}

Spread nats(const Cell& cell) {
  if (const auto& interval = cell.nats_interval) {
    return {cell.mean_nats_per_token(), interval->lo, interval->hi};
  }
  const auto [low, high] = std::ranges::minmax(cell.nats_per_token);
  return {cell.mean_nats_per_token(), low, high};
}

using ValueOf = std::function<Spread(const Cell&, size_t column)>;

Series series_of(const Comparison& comparison, Series series, const Row& row,
                 const ValueOf& value_of) {
  bool several = false;
  for (size_t i = 0; i < row.cells.size(); ++i) {
    const Cell& cell = row.cells[i];
    const Spread spread = cell.measured() ? value_of(cell, i) : Spread{kNone, kNone, kNone};
    series.x.push_back(static_cast<double>(comparison.eval_lengths[i]));
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

std::vector<Series> all_series(const Comparison& comparison, const ValueOf& value_of) {
  const ComparisonCurves curves(comparison);
  std::vector<Series> all;
  for (const Row& row : comparison.rows) {
    all.push_back(series_of(comparison, curves.of(row), row, value_of));
  }
  return all;
}

Series ideal_series(const Comparison& comparison, double (*value_of)(double nats)) {
  Series series = ComparisonCurves::ideal();
  for (size_t i = 0; i < comparison.eval_lengths.size(); ++i) {
    const auto& ideal = comparison.ideal_nats[i];
    series.x.push_back(static_cast<double>(comparison.eval_lengths[i]));
    series.y.push_back(ideal ? value_of(*ideal) : kNone);
  }
  return series;
}

/// The published rows of schemes that are drawn.
std::vector<Series> published_series(const Comparison& comparison, double (*value_of)(double)) {
  const ComparisonCurves curves(comparison);
  std::vector<Series> all;
  for (const PublishedRow& published : comparison.published) {
    const auto row = std::ranges::find(comparison.rows, published.scheme, &Row::scheme);
    if (row == comparison.rows.end()) continue;
    Series series = curves.of(published);
    for (size_t i = 0; i < published.perplexity.size(); ++i) {
      series.x.push_back(static_cast<double>(comparison.eval_lengths[i]));
      series.y.push_back(published.perplexity[i] ? value_of(*published.perplexity[i]) : kNone);
    }
    all.push_back(std::move(series));
  }
  return all;
}

void append(std::vector<Series>& all, std::vector<Series> more) {
  for (Series& series : more) all.push_back(std::move(series));
}

double median(std::vector<double> values) {
  std::ranges::sort(values);
  return values[values.size() / 2];
}

/// A row's perplexity at its train length, or at the measured length nearest to it.
std::optional<double> perplexity_at_train_length(const Row& row, const Comparison& comparison) {
  std::optional<double> perplexity;
  double nearest = 0;
  for (size_t i = 0; i < row.cells.size(); ++i) {
    if (!row.cells[i].measured()) continue;
    const double octaves = std::abs(std::log2(static_cast<double>(comparison.eval_lengths[i]) /
                                              static_cast<double>(row.train_length)));
    if (perplexity && octaves >= nearest) continue;
    nearest = octaves;
    perplexity = row.cells[i].mean_perplexity();
  }
  return perplexity;
}

/// The highest perplexity to show; nothing where all of them are near enough to each other.
std::optional<double> greatest_shown(const Comparison& comparison) {
  std::vector<double> all, usual;
  for (const Row& row : comparison.rows) {
    if (const auto at = perplexity_at_train_length(row, comparison)) usual.push_back(*at);
    for (const Cell& cell : row.cells) {
      if (!cell.measured()) continue;
      all.push_back(cell.least_perplexity());
      all.push_back(cell.greatest_perplexity());
    }
  }
  if (all.empty()) return std::nullopt;
  const auto [least, greatest] = std::ranges::minmax(all);
  const double most = kShownMultiple * std::max(median(usual), least);
  return greatest <= most ? std::nullopt : std::optional(round_to_digits(most, 2));
}

/// "Leaving the plot: none (34.10 at 2048); rotary (45.12 at 2048)."
std::string leaving_note(const Comparison& comparison, double most_shown) {
  std::vector<std::string> leaving;
  for (const Row& row : comparison.rows) {
    double worst = most_shown;
    std::string text;
    for (size_t i = 0; i < row.cells.size(); ++i) {
      if (!row.cells[i].measured() || row.cells[i].mean_perplexity() <= worst) continue;
      worst = row.cells[i].mean_perplexity();
      text = fmt::format("{} ({} at {})", comparison.label(row), format_perplexity(worst),
                         comparison.eval_lengths[i]);
    }
    if (!text.empty()) leaving.push_back(text);
  }
  return leaving.empty() ? "" : fmt::format("Leaving the plot: {}.", fmt::join(leaving, "; "));
}

/// "Without positions beyond a limit: learned (64)."
std::string limit_note(const Comparison& comparison) {
  std::vector<std::string> limited;
  for (const Row& row : comparison.rows) {
    const auto cell = std::ranges::find_if(row.cells, [](const Cell& each) {
      return !each.measured() && each.beyond_max_length.has_value();
    });
    if (cell == row.cells.end()) continue;
    limited.push_back(fmt::format("{} ({})", comparison.label(row), *cell->beyond_max_length));
  }
  return limited.empty()
             ? ""
             : fmt::format("Without positions beyond a limit: {}.", fmt::join(limited, "; "));
}

std::string subtitle(const Comparison& comparison) {
  std::string text = fmt::format("{}, {} scored tokens", describe(comparison.measurement),
                                 format_count(comparison.tokens));
  const auto [fewest, most] = std::ranges::minmax(comparison.rows, {}, &Row::seeds);
  const bool intervals = std::ranges::any_of(comparison.rows, [](const Row& row) {
    return std::ranges::any_of(
        row.cells, [](const Cell& cell) { return cell.perplexity_interval.has_value(); });
  });
  const std::string shaded = intervals ? "95 % interval" : "from min to max";
  if (most.seeds == 1) return intervals ? text + "; shaded: " + shaded : text;
  const std::string seeds = fewest.seeds == most.seeds
                                ? fmt::format("{}", most.seeds)
                                : fmt::format("{} to {}", fewest.seeds, most.seeds);
  return text + fmt::format("; mean of {} seeds, shaded: {}", seeds, shaded);
}

void add_note(LineChart& chart, const std::string& note) {
  if (!note.empty()) chart.notes.push_back(note);
}

LineChart chart_by_length(const Comparison& comparison, std::string title) {
  LineChart chart;
  chart.title = std::move(title);
  chart.subtitle = subtitle(comparison);
  chart.x_label = "evaluation length (tokens)";
  chart.x_scale = Scale::logarithmic;
  chart.x_ticks = reals(comparison.eval_lengths);
  add_note(chart, ComparisonCurves(comparison).note());
  const std::set<int64_t> lengths = train_lengths(comparison);
  for (const int64_t length : lengths) {
    chart.marks.push_back(
        {static_cast<double>(length),
         fmt::format("{} {}", lengths.size() > 1 ? "train" : "trained at", length)});
  }
  return chart;
}

View gap_view(const Comparison& comparison) {
  const auto gap = [&](const Cell& cell, size_t column) {
    if (cell.gap && cell.gap->all.interval) {
      const Estimate& all = cell.gap->all;
      return Spread{all.value, all.interval->lo, all.interval->hi};
    }
    const double ideal = comparison.ideal_nats[column].value_or(kNone);
    const Spread spread = nats(cell);
    return Spread{spread.mean - ideal, spread.low - ideal, spread.high - ideal};
  };
  return {"gap to the ideal", "nats per token above the ideal reader", Scale::linear, std::nullopt,
          all_series(comparison, gap)};
}

}  // namespace

LineChart perplexity_chart(const Comparison& comparison) {
  LineChart chart =
      chart_by_length(comparison, "Perplexity by evaluation length on " + comparison.corpus);
  const auto most = greatest_shown(comparison);
  const auto most_nats = most ? std::optional(std::log(*most)) : std::nullopt;
  chart.views = {{"perplexity", "perplexity", Scale::logarithmic, most,
                  all_series(comparison, [](const Cell& c, size_t) { return perplexities(c); })},
                 {"nats per token", "nats per token", Scale::linear, most_nats,
                  all_series(comparison, [](const Cell& c, size_t) { return nats(c); })}};
  append(chart.views[0].series, published_series(comparison, [](double value) { return value; }));
  append(chart.views[1].series,
         published_series(comparison, [](double value) { return std::log(value); }));
  if (comparison.has_ideal()) {
    chart.views[0].series.push_back(
        ideal_series(comparison, [](double nats_per_token) { return std::exp(nats_per_token); }));
    chart.views[1].series.push_back(
        ideal_series(comparison, [](double nats_per_token) { return nats_per_token; }));
    chart.views.push_back(gap_view(comparison));
    chart.views[2].series.push_back(ideal_series(comparison, [](double) { return 0.0; }));
  }
  if (most) add_note(chart, leaving_note(comparison, *most));
  add_note(chart, limit_note(comparison));
  return chart;
}

LineChart accuracy_chart(const Comparison& comparison) {
  LineChart chart =
      chart_by_length(comparison, "Accuracy by evaluation length on " + comparison.corpus);
  chart.subtitle = "shaded: 95 % interval";
  const auto examples = [](const Cell& cell, size_t) {
    return Spread{cell.task->accuracy, cell.task->interval.lo, cell.task->interval.hi};
  };
  const auto tokens = [](const Cell& cell, size_t) {
    const double share = cell.task->token_accuracy;
    return Spread{share, share, share};
  };
  chart.views = {{"examples", "share of examples right", Scale::linear, std::nullopt,
                  all_series(comparison, examples)},
                 {"answer tokens", "share of answer tokens right", Scale::linear, std::nullopt,
                  all_series(comparison, tokens)}};
  add_note(chart, limit_note(comparison));
  return chart;
}

LineChart cost_chart(const Comparison& comparison) {
  LineChart chart = chart_by_length(comparison, "Speed and memory of evaluation");
  chart.subtitle = "mean over seeds; the highest memory of any";
  const auto alone = [](double value) { return Spread{value, value, value}; };
  chart.views = {
      {"tokens per second", "tokens per second", Scale::logarithmic, std::nullopt,
       all_series(comparison, [&](const Cell& c, size_t) { return alone(c.tokens_per_second); })},
      {"peak memory", "peak memory (MiB)", Scale::logarithmic, std::nullopt,
       all_series(comparison, [&](const Cell& c, size_t) { return alone(c.peak_memory_mib); })}};
  return chart;
}

}  // namespace lengthwise
