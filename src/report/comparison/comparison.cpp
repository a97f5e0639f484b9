#include "report/comparison/comparison.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <set>
#include <tuple>

#include "base/error.h"
#include "data/tasks/task.h"
#include "report/records/run_options.h"

namespace lengthwise {
namespace {

double mean(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

std::vector<double> perplexities(const Cell& cell) {
  std::vector<double> values;
  for (const double nats : cell.nats_per_token) values.push_back(std::exp(nats));
  return values;
}

std::string name_of(const RunRecord& run) {
  return run.folder.string();
}

/// UserError unless every measurement of the comparison scored the same tokens; of a task, which
/// has examples of its own at each length, every one of that length.
void check_scored_tokens(const std::vector<RunRecord>& runs) {
  std::map<int64_t, std::pair<const RunRecord*, const EvaluationRecord*>> firsts;
  for (const RunRecord& run : runs) {
    for (const EvaluationRecord& e : run.evaluations) {
      if (e.beyond_max_length) continue;
      auto& [first_run, first] = firsts[e.protocol == kTaskProtocol ? e.length : 0];
      if (first == nullptr) {
        first_run = &run;
        first = &e;
      } else if (e.tokens != first->tokens || e.scored_positions != first->scored_positions) {
        fail(
            "{} at length {} scored {} tokens, {} at length {} scored {} that are not the same: "
            "evaluate both on the same tokens",
            name_of(*first_run), first->length, first->tokens, name_of(run), e.length, e.tokens);
      }
    }
  }
}

/// A run as it was measured one way: runs with several variants, or of whose weights several were
/// measured, stand once for each.
struct Measured {
  RunRecord run;
  std::string settings, variant, weights;
  size_t scheme_place;

  auto row() const { return std::tie(run.scheme, run.train_length, settings, variant, weights); }
};

/// The known schemes in their order, then others by name.
size_t place_of(const std::string& scheme, const std::vector<std::string>& known) {
  return static_cast<size_t>(std::ranges::find(known, scheme) - known.begin());
}

std::vector<Measured> by_row(const std::vector<RunRecord>& runs,
                             const std::vector<std::string>& settings,
                             const std::vector<std::string>& schemes) {
  std::vector<Measured> all;
  for (size_t i = 0; i < runs.size(); ++i) {
    // The last weights before the best: what most runs have comes first.
    std::set<std::pair<std::string, std::string>, std::greater<>> ways;
    for (const EvaluationRecord& e : runs[i].evaluations) ways.emplace(e.weights, e.variant);
    for (const auto& way : ways) {
      const auto& weights = way.first;
      const auto& variant = way.second;
      all.push_back({runs[i], settings[i], variant, weights, place_of(runs[i].scheme, schemes)});
      std::erase_if(all.back().run.evaluations, [&](const EvaluationRecord& e) {
        return e.variant != variant || e.weights != weights;
      });
    }
  }
  const auto key = [](const Measured& each) {
    return std::tuple(each.scheme_place, each.run.scheme, each.run.train_length, each.settings,
                      each.variant, each.weights == "last" ? "" : each.weights, each.run.seed);
  };
  std::ranges::stable_sort(all, {}, key);
  return all;
}

/// UserError unless two runs of one scheme, train_length and settings differ by their seed alone.
void check_seeds(const RunRecord& a, const RunRecord& b) {
  const auto refuse = [&](std::string_view what) {
    fail("{} and {} are both {} at train_length {} and {}", name_of(a), name_of(b), a.scheme,
         a.train_length, what);
  };
  if (a.seed == b.seed) refuse(fmt::format("both seed {}: give one of them", a.seed));
  if (a.steps != b.steps) {
    refuse(
        fmt::format("differ in steps ({} and {}): they are no seeds of one run", a.steps, b.steps));
  }
  if (a.parameters != b.parameters) {
    refuse(fmt::format("differ in parameters ({} and {}): they are no seeds of one run",
                       a.parameters, b.parameters));
  }
}

/// The runs are in the order of their seeds.
void check_all_seeds(const std::vector<RunRecord>& runs, const std::vector<std::string>& settings) {
  std::map<std::tuple<std::string, int64_t, std::string>, const RunRecord*> latest;
  for (size_t i = 0; i < runs.size(); ++i) {
    const RunRecord*& before = latest[{runs[i].scheme, runs[i].train_length, settings[i]}];
    if (before != nullptr) check_seeds(*before, runs[i]);
    before = &runs[i];
  }
}

void add_to_cell(Cell& cell, const RunRecord& run, const EvaluationRecord& record) {
  if (record.beyond_max_length) {
    cell.beyond_max_length = record.beyond_max_length;
    return;
  }
  cell.nats_per_token.push_back(*record.nats_per_token);
  cell.files.push_back(run.folder / record.file);
  const auto seeds = static_cast<double>(cell.nats_per_token.size());
  cell.tokens_per_second += (record.tokens_per_second - cell.tokens_per_second) / seeds;
  cell.peak_memory_mib = std::max(cell.peak_memory_mib, record.peak_memory_mib);
}

/// Of a row's runs, one after another.
std::optional<TrainingCost> with_run(std::optional<TrainingCost> cost, const RunRecord& run,
                                     int64_t runs) {
  if (!cost || !run.train_tokens_per_second || !run.train_peak_memory_mib) return std::nullopt;
  cost->tokens_per_second +=
      (*run.train_tokens_per_second - cost->tokens_per_second) / static_cast<double>(runs);
  cost->peak_memory_mib = std::max(cost->peak_memory_mib, *run.train_peak_memory_mib);
  return cost;
}

void add_runs(Comparison& comparison, const std::vector<RunRecord>& runs,
              const std::vector<std::string>& settings, const std::vector<std::string>& schemes) {
  const std::vector<Measured> all = by_row(runs, settings, schemes);
  const Measured* before = nullptr;
  for (const Measured& measured : all) {
    const RunRecord& run = measured.run;
    if (before == nullptr || before->row() != measured.row()) {
      comparison.rows.push_back({run.scheme, measured.settings, measured.variant, measured.weights,
                                 run.train_length, 0, TrainingCost{},
                                 std::vector<Cell>(comparison.eval_lengths.size())});
    }
    before = &measured;
    Row& row = comparison.rows.back();
    ++row.seeds;
    row.training = with_run(row.training, run, row.seeds);
    for (const EvaluationRecord& record : run.evaluations) {
      add_to_cell(row.cells[*comparison.column_of(record.length)], run, record);
      if (!record.beyond_max_length) comparison.tokens = record.tokens;
    }
  }
  for (Row& row : comparison.rows) {
    for (Cell& cell : row.cells) {
      if (cell.measured()) cell.rank = cell.mean_nats_per_token();
    }
  }
}

void add_notes(Comparison& comparison, const std::vector<RunRecord>& runs) {
  for (const RunRecord& run : runs) {
    if (!run.finished) comparison.notes.push_back(name_of(run) + ": its training is not finished");
  }
  for (const Row& row : comparison.rows) {
    for (size_t column = 0; column < row.cells.size(); ++column) {
      const auto measured = static_cast<int64_t>(row.cells[column].nats_per_token.size());
      if (measured == 0 || measured == row.seeds) continue;
      comparison.notes.push_back(fmt::format(
          "{} at train_length {}, eval_length {}: measured for {} of {} seeds", row.label(),
          row.train_length, comparison.eval_lengths[column], measured, row.seeds));
    }
  }
}

}  // namespace

std::string Row::label() const {
  return fmt::format("{}{}{}{}", scheme, settings.empty() ? "" : fmt::format(" ({})", settings),
                     weights == "last" ? "" : fmt::format(", {} weights", weights),
                     variant.empty() ? "" : fmt::format(" with {}", variant));
}

bool Cell::tied_with_best() const {
  return behind_best && behind_best->interval && !distinguishable_from_best();
}

double Cell::mean_nats_per_token() const {
  return mean(nats_per_token);
}

double Cell::mean_perplexity() const {
  return mean(perplexities(*this));
}

std::optional<double> Cell::perplexity_deviation() const {
  if (nats_per_token.size() < 2) return std::nullopt;
  const double centre = mean_perplexity();
  double squares = 0;
  for (const double value : perplexities(*this)) squares += (value - centre) * (value - centre);
  return std::sqrt(squares / static_cast<double>(nats_per_token.size() - 1));
}

double Cell::least_perplexity() const {
  return std::exp(std::ranges::min(nats_per_token));
}

double Cell::greatest_perplexity() const {
  return std::exp(std::ranges::max(nats_per_token));
}

std::string Comparison::label(const Row& row) const {
  const bool several = std::ranges::any_of(
      rows, [&](const Row& other) { return other.train_length != rows.front().train_length; });
  return several ? fmt::format("{}, train {}", row.label(), row.train_length) : row.label();
}

std::string Comparison::settings_of(const RunRecord& run) const {
  const auto found = settings.find(run.folder);
  return found == settings.end() ? "" : found->second;
}

std::string Comparison::trained_label(const RunRecord& run) const {
  Row row;
  row.scheme = run.scheme;
  row.settings = settings_of(run);
  return row.label();
}

std::optional<size_t> Comparison::column_of(int64_t eval_length) const {
  const auto found = std::ranges::find(eval_lengths, eval_length);
  if (found == eval_lengths.end()) return std::nullopt;
  return static_cast<size_t>(found - eval_lengths.begin());
}

bool Comparison::has_training() const {
  return std::ranges::any_of(rows, [](const Row& row) { return row.training.has_value(); });
}

void mark_best(Comparison& comparison, const CellScore& score, const CellText& print) {
  for (size_t column = 0; column < comparison.eval_lengths.size(); ++column) {
    std::vector<size_t> rows;
    for (size_t row = 0; row < comparison.rows.size(); ++row) {
      comparison.rows[row].cells[column].best = false;
      if (score(row, column)) rows.push_back(row);
    }
    if (rows.size() < 2) continue;
    const size_t lowest =
        *std::ranges::min_element(rows, {}, [&](size_t row) { return *score(row, column); });
    const auto is_lowest = [&](size_t row) { return print(row, column) == print(lowest, column); };
    if (std::ranges::all_of(rows, is_lowest)) continue;
    for (const size_t row : rows) comparison.rows[row].cells[column].best = is_lowest(row);
  }
}

Comparison compare_runs(std::vector<RunRecord>& runs, const ComparisonRequest& request) {
  if (runs.empty()) fail("compare: no run folder was given");
  std::ranges::stable_sort(runs, {}, [&](const RunRecord& run) {
    return std::tuple(place_of(run.scheme, request.schemes), run.scheme, run.train_length,
                      run.seed);
  });
  const std::vector<std::string> settings = settings_of(runs, request.settings);
  check_all_seeds(runs, settings);

  Comparison comparison;
  comparison.measurement = keep_chosen(runs, request.wanted, request.usual, comparison.notes);
  check_scored_tokens(runs);

  std::set<int64_t> lengths;
  for (const RunRecord& run : runs) {
    for (const EvaluationRecord& record : run.evaluations) {
      lengths.insert(record.length);
      if (comparison.corpus.empty()) comparison.corpus = record.corpus;
    }
  }
  if (comparison.corpus.empty()) comparison.corpus = runs.front().corpus;
  comparison.eval_lengths.assign(lengths.begin(), lengths.end());
  for (size_t i = 0; i < runs.size(); ++i) comparison.settings[runs[i].folder] = settings[i];
  add_runs(comparison, runs, settings, request.schemes);
  add_notes(comparison, runs);
  return comparison;
}

}  // namespace lengthwise
