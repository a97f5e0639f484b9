#include "report/figures/perplexity_chart.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "report/figures/axis.h"
#include "report/figures/comparison_curves.h"
#include "report/figures/length_chart.h"

namespace lengthwise {
namespace {

constexpr double kShownMultiple = 4;
constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

Spread perplexities(const Cell& cell, const TextCell& text) {
  if (const auto& interval = text.perplexity_interval) {
    return {cell.mean_perplexity(), interval->lo, interval->hi};
  }
  return {cell.mean_perplexity(), cell.least_perplexity(), cell.greatest_perplexity()};
}

Spread nats(const Cell& cell, const TextCell& text) {
  if (const auto& interval = text.nats_interval) {
    return {cell.mean_nats_per_token(), interval->lo, interval->hi};
  }
  const auto [low, high] = std::ranges::minmax(cell.nats_per_token);
  return {cell.mean_nats_per_token(), low, high};
}

std::vector<Series> all_series(const TextComparison& comparison,
                               Spread (*spread_of)(const Cell&, const TextCell&)) {
  return series_by_length(comparison, [&](size_t row, size_t column) {
    return spread_of(comparison.rows[row].cells[column], comparison.text_cells[row][column]);
  });
}

Series ideal_series(const TextComparison& comparison, double (*value_of)(double nats)) {
  Series series = ComparisonCurves::ideal();
  for (size_t i = 0; i < comparison.eval_lengths.size(); ++i) {
    const auto& ideal = comparison.ideal_nats[i];
    series.x.push_back(static_cast<double>(comparison.eval_lengths[i]));
    series.y.push_back(ideal ? value_of(*ideal) : kNone);
  }
  return series;
}

/// The published rows of schemes that are drawn.
std::vector<Series> published_series(const TextComparison& comparison, double (*value_of)(double)) {
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
std::optional<double> perplexity_at_train_length(const Row& row, const TextComparison& comparison) {
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
std::optional<double> greatest_shown(const TextComparison& comparison) {
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
std::string leaving_note(const TextComparison& comparison, double most_shown) {
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

std::string subtitle(const TextComparison& comparison) {
  std::string text = fmt::format("{}, {} scored tokens", describe(comparison.measurement),
                                 format_count(comparison.tokens));
  const auto [fewest, most] = std::ranges::minmax(comparison.rows, {}, &Row::seeds);
  const bool intervals = std::ranges::any_of(comparison.text_cells, [](const auto& row) {
    return std::ranges::any_of(
        row, [](const TextCell& cell) { return cell.perplexity_interval.has_value(); });
  });
  const std::string shaded = intervals ? "95 % interval" : "from min to max";
  if (most.seeds == 1) return intervals ? text + "; shaded: " + shaded : text;
  const std::string seeds = fewest.seeds == most.seeds
                                ? fmt::format("{}", most.seeds)
                                : fmt::format("{} to {}", fewest.seeds, most.seeds);
  return text + fmt::format("; mean of {} seeds, shaded: {}", seeds, shaded);
}

View gap_view(const TextComparison& comparison) {
  const auto gap = [&](size_t row, size_t column) {
    const TextCell& text = comparison.text_cells[row][column];
    if (text.gap && text.gap->all.interval) {
      const Estimate& all = text.gap->all;
      return Spread{all.value, all.interval->lo, all.interval->hi};
    }
    const double ideal = comparison.ideal_nats[column].value_or(kNone);
    const Spread spread = nats(comparison.rows[row].cells[column], text);
    return Spread{spread.mean - ideal, spread.low - ideal, spread.high - ideal};
  };
  return {"gap to the ideal", "nats per token above the ideal reader", Scale::linear, std::nullopt,
          series_by_length(comparison, gap)};
}

}  // namespace

LineChart perplexity_chart(const TextComparison& comparison) {
  LineChart chart = chart_by_length(
      comparison, "Perplexity by evaluation length on " + comparison.corpus, subtitle(comparison));
  const auto most = greatest_shown(comparison);
  const auto most_nats = most ? std::optional(std::log(*most)) : std::nullopt;
  chart.views = {
      {"perplexity", "perplexity", Scale::logarithmic, most, all_series(comparison, perplexities)},
      {"nats per token", "nats per token", Scale::linear, most_nats, all_series(comparison, nats)}};
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
  const std::string leaving = most ? leaving_note(comparison, *most) : "";
  if (!leaving.empty()) chart.notes.push_back(leaving);
  add_limit_note(chart, comparison);
  return chart;
}

}  // namespace lengthwise
