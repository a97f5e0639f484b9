#include "report/comparison/published.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <tuple>

#include "base/csv.h"
#include "base/error.h"
#include "base/text.h"
#include "base/text_grid.h"

namespace lengthwise {
namespace {

using Fields = CsvFields;
constexpr std::string_view kWhat = "a table of published numbers";

int64_t whole(const Fields& row, const std::string& column) {
  const auto value = parse_integer(row.at(column));
  if (!value)
    fail("{}: {} is '{}'; it must be a whole number", row.at("place"), column, row.at(column));
  return *value;
}

double real(const Fields& row, const std::string& column) {
  const auto value = parse_real(row.at(column));
  if (!value || !(*value > 0)) {
    fail("{}: {} is '{}'; it must be a positive number", row.at("place"), column, row.at(column));
  }
  return *value;
}

/// The data set whose tokens the comparison's runs were trained and measured on; empty: none of
/// them.
std::string known_dataset(const fs::path& datasets, const TextComparison& comparison) {
  for (const Fields& row :
       read_csv(datasets, kWhat, {"dataset", "split", "train_tokens", "scored_tokens"})) {
    if (row.at("split") == comparison.measurement.split &&
        whole(row, "train_tokens") == comparison.train_tokens &&
        whole(row, "scored_tokens") == comparison.tokens) {
      return row.at("dataset");
    }
  }
  return {};
}

bool measured_alike(const Fields& row, const TextComparison& comparison,
                    const std::string& dataset) {
  const int64_t stride = row.at("stride").empty() ? 0 : whole(row, "stride");
  return row.at("dataset") == dataset && row.at("split") == comparison.measurement.split &&
         row.at("protocol") == comparison.measurement.protocol &&
         stride == comparison.measurement.stride;
}

const Row* row_of(const TextComparison& comparison, const std::string& scheme,
                  int64_t train_length) {
  const auto found = std::ranges::find_if(comparison.rows, [&](const Row& row) {
    return row.scheme == scheme && row.train_length == train_length && row.settings.empty() &&
           row.variant.empty();
  });
  return found == comparison.rows.end() ? nullptr : &*found;
}

}  // namespace

void add_published(TextComparison& comparison, const fs::path& csv) {
  const auto lines = read_csv(csv, kWhat,
                              {"paper", "table", "dataset", "split", "scheme", "train_length",
                               "eval_length", "protocol", "stride", "perplexity"});
  const std::string name = csv.stem().string();
  const std::string dataset = known_dataset(csv.parent_path() / "datasets.csv", comparison);
  if (dataset.empty()) {
    comparison.notes.push_back(fmt::format(
        "the published numbers of {} are not shown: {} ({} tokens of training, {} scored of the {} "
        "split) is none of their data sets",
        name, comparison.corpus, format_count(comparison.train_tokens),
        format_count(comparison.tokens), comparison.measurement.split));
    return;
  }
  std::map<std::tuple<std::string, std::string, int64_t>, PublishedRow> rows;
  for (const Fields& line : lines) {
    const auto column = comparison.column_of(whole(line, "eval_length"));
    const int64_t train_length = whole(line, "train_length");
    const double perplexity = real(line, "perplexity");
    const bool trained_alike = std::ranges::any_of(
        comparison.rows, [&](const Row& row) { return row.train_length == train_length; });
    if (!column || !trained_alike || !measured_alike(line, comparison, dataset)) continue;
    const std::string& paper = line.at("paper");
    PublishedRow& row = rows[{line.at("scheme"), paper, train_length}];
    if (row.source.empty()) row.source = paper;
    if (!row.source.ends_with(line.at("table"))) row.source += ", " + line.at("table");
    row.scheme = line.at("scheme");
    row.train_length = train_length;
    row.perplexity.resize(comparison.eval_lengths.size());
    row.perplexity[*column] = perplexity;
  }
  for (auto& [key, row] : rows) comparison.published.push_back(std::move(row));
  if (rows.empty()) {
    comparison.notes.push_back(fmt::format(
        "the published numbers of {} are not shown: none is of the {} at these train and eval "
        "lengths",
        name, describe(comparison.measurement)));
  }
}

std::vector<std::optional<double>> gap_to_published(const TextComparison& comparison,
                                                    const PublishedRow& published) {
  std::vector<std::optional<double>> gaps(published.perplexity.size());
  const Row* ours = row_of(comparison, published.scheme, published.train_length);
  for (size_t i = 0; ours != nullptr && i < gaps.size(); ++i) {
    if (!published.perplexity[i] || !ours->cells[i].measured()) continue;
    gaps[i] = ours->cells[i].mean_nats_per_token() - std::log(*published.perplexity[i]);
  }
  return gaps;
}

TextGrid published_grid(const TextComparison& comparison) {
  if (comparison.published.empty()) return {};
  TextGrid grid{{"published", "train"}};
  for (const int64_t length : comparison.eval_lengths) grid[0].push_back(fmt::format("{}", length));
  for (const PublishedRow& row : comparison.published) {
    grid.push_back({row.label(), fmt::format("{}", row.train_length)});
    for (const auto& value : row.perplexity) {
      grid.back().push_back(value ? format_perplexity(*value) : "");
    }
    const auto gaps = gap_to_published(comparison, row);
    if (std::ranges::none_of(gaps, [](const auto& gap) { return gap.has_value(); })) continue;
    grid.push_back({"  ours less this, nats/token", ""});
    for (const auto& gap : gaps) grid.back().push_back(gap ? fmt::format("{:+.3f}", *gap) : "");
  }
  return grid;
}

std::string published_csv(const TextComparison& comparison) {
  TextGrid grid{{"source", "scheme", "train_length", "eval_length", "published_perplexity",
                 "ours_less_published_nats"}};
  for (const PublishedRow& row : comparison.published) {
    const auto gaps = gap_to_published(comparison, row);
    for (size_t i = 0; i < gaps.size(); ++i) {
      if (!row.perplexity[i]) continue;
      grid.push_back({row.source, row.scheme, fmt::format("{}", row.train_length),
                      fmt::format("{}", comparison.eval_lengths[i]),
                      fmt::format("{}", *row.perplexity[i]),
                      gaps[i] ? fmt::format("{}", *gaps[i]) : ""});
    }
  }
  return csv_lines(grid);
}

}  // namespace lengthwise
