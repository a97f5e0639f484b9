#include "report/comparison/task_accuracy.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

#include "base/error.h"
#include "report/records/task_values.h"

namespace lengthwise {
namespace {

size_t tenth_of(double share) {
  return std::min(kTenths - 1, static_cast<size_t>(share * kTenths));
}

void count(std::vector<Tally>& tallies, size_t kind, uint8_t correct) {
  if (tallies.size() <= kind) tallies.resize(kind + 1);
  tallies[kind].right += correct;
  ++tallies[kind].all;
}

void add_tallies(const TaskValues& values, TaskAccuracy& accuracy) {
  for (size_t example = 0; example + 1 < values.offsets.size(); ++example) {
    const auto begin = static_cast<size_t>(values.offsets[example]);
    const auto end = static_cast<size_t>(values.offsets[example + 1]);
    for (size_t i = begin; i < end; ++i) {
      count(accuracy.by_answer, i - begin, values.correct[i]);
      if (!values.places.empty()) {
        count(accuracy.by_place, tenth_of(values.places[i]), values.correct[i]);
      }
    }
  }
}

/// Which examples are right, [seeds][examples] of 1 or 0.
using Answers = std::vector<std::vector<double>>;

/// The draws for a number of examples, made once.
class Draws {
 public:
  const BlockDraws& of(size_t examples) {
    return known_.try_emplace(examples, examples).first->second;
  }

 private:
  std::map<size_t, BlockDraws> known_;
};

/// An interval over examples, wide enough to hold that by resampling seeds and examples too.
Interval with_seeds(Interval over_examples, const BlockMean& mean, const BlockDraws& draws) {
  // Not studentised: a resample in which all are right has no error to divide by.
  const auto drawn = percentile_estimate(mean.value, resampled(mean, draws), mean).interval;
  if (!drawn) return over_examples;
  return {std::min(drawn->lo, over_examples.lo), std::max(drawn->hi, over_examples.hi)};
}

BlockMean mean_of(const Answers& right, size_t row) {
  return block_mean(right, std::vector<double>(right[0].size(), 1.0), row);
}

Interval interval_of(const Answers& right, double mean, size_t row, Draws& draws) {
  const size_t examples = right[0].size();
  const Interval interval = wilson_interval(mean, static_cast<double>(examples));
  if (right.size() < 2 || examples < 2) return interval;
  const Interval wide = with_seeds(interval, mean_of(right, row), draws.of(examples));
  return {std::max(0.0, wide.lo), std::min(1.0, wide.hi)};
}

/// Pearson's correlation of two lists of the same length; 0 where one of them does not vary.
double correlation(const std::vector<double>& a, const std::vector<double>& b) {
  const auto count = static_cast<double>(a.size());
  const double mean_a = std::reduce(a.begin(), a.end()) / count;
  const double mean_b = std::reduce(b.begin(), b.end()) / count;
  double aa = 0, bb = 0, ab = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    aa += (a[i] - mean_a) * (a[i] - mean_a);
    bb += (b[i] - mean_b) * (b[i] - mean_b);
    ab += (a[i] - mean_a) * (b[i] - mean_b);
  }
  return aa > 0 && bb > 0 ? ab / std::sqrt(aa * bb) : 0;
}

/// By how much one row is above another on the same examples.
Estimate difference(const Answers& a, size_t row_a, const Answers& b, size_t row_b, Draws& draws) {
  const BlockMean mean_a = mean_of(a, row_a), mean_b = mean_of(b, row_b);
  const BlockMean above = mean_a - mean_b;
  const size_t examples = a[0].size();
  const Interval interval =
      paired_difference_interval(mean_a.value, mean_b.value, correlation(mean_a.sums, mean_b.sums),
                                 static_cast<double>(examples));
  if ((a.size() < 2 && b.size() < 2) || examples < 2) return {above.value, interval};
  return {above.value, with_seeds(interval, above, draws.of(examples))};
}

/// What every other cell of a column is behind the highest.
void add_differences(TaskComparison& comparison, size_t column, const std::vector<Answers>& answers,
                     Draws& draws) {
  const auto cell = [&](size_t row) -> Cell& { return comparison.rows[row].cells[column]; };
  std::optional<size_t> best;
  for (size_t row = 0; row < answers.size(); ++row) {
    if (!cell(row).best) continue;
    if (!best || *cell(row).rank < *cell(*best).rank) best = row;
  }
  if (!best) return;
  for (size_t row = 0; row < answers.size(); ++row) {
    if (answers[row].empty() || row == *best) continue;
    if (answers[row][0].size() != answers[*best][0].size()) continue;  // not the same examples
    cell(row).behind_best = difference(answers[*best], *best, answers[row], row, draws);
  }
}

TaskAccuracy accuracy_of(const Cell& cell, size_t row, Answers& right, Draws& draws) {
  TaskAccuracy result;
  const auto seeds = static_cast<double>(cell.files.size());
  for (const fs::path& file : cell.files) {
    const TaskValues values = read_task_values(file);
    right.push_back(values.examples_right());
    if (right.back().size() != right.front().size()) {
      fail("{}: holds {} examples, {} holds {}; evaluate both alike", file.string(),
           right.back().size(), cell.files[0].string(), right.front().size());
    }
    result.examples = values.examples();
    result.accuracy += values.accuracy() / seeds;
    result.token_accuracy += values.token_accuracy() / seeds;
    add_tallies(values, result);
  }
  result.interval = interval_of(right, result.accuracy, row, draws);
  return result;
}

/// results/coverage/README.md: below so many examples an interval of a small share holds it too
/// seldom.
constexpr int64_t kFewExamples = 64;

void say_how_few(TaskComparison& comparison) {
  int64_t fewest = kFewExamples;
  for (const auto& row : comparison.accuracy) {
    for (const auto& found : row) {
      if (found) fewest = std::min(fewest, found->examples);
    }
  }
  if (fewest == kFewExamples) return;
  comparison.notes.push_back(fmt::format(
      "intervals of {} examples are doubtful: those of fewer than {} hold a small share "
      "too seldom",
      fewest, kFewExamples));
}

}  // namespace

Interval wilson_interval(double share, double count) {
  const double z2 = kNormal975 * kNormal975 / count;
  const double centre = (share + z2 / 2) / (1 + z2);
  const double half = std::sqrt(z2 * (share * (1 - share) + z2 / 4)) / (1 + z2);
  return {std::max(0.0, centre - half), std::min(1.0, centre + half)};
}

Interval paired_difference_interval(double share, double other, double correlation, double count) {
  const Interval a = wilson_interval(share, count), b = wilson_interval(other, count);
  const auto half = [&](double of_a, double of_b) {
    return std::sqrt(std::max(0.0, of_a * of_a - 2 * correlation * of_a * of_b + of_b * of_b));
  };
  const double difference = share - other;
  return {difference - half(share - a.lo, b.hi - other),
          difference + half(a.hi - share, other - b.lo)};
}

TaskComparison::TaskComparison(Comparison shared)
    : Comparison(std::move(shared)), accuracy(grid<std::optional<TaskAccuracy>>()) {}

void add_task_accuracy(TaskComparison& comparison) {
  Draws draws;
  std::vector<std::vector<Answers>> answers;  // [column][row]
  for (size_t column = 0; column < comparison.eval_lengths.size(); ++column) {
    answers.emplace_back(comparison.rows.size());
    for (size_t row = 0; row < comparison.rows.size(); ++row) {
      Cell& cell = comparison.rows[row].cells[column];
      if (!cell.measured()) continue;
      auto& found = comparison.accuracy[row][column];
      found = accuracy_of(cell, row, answers[column][row], draws);
      cell.rank = -found->accuracy;
    }
  }
  mark_best(
      comparison,
      [&](size_t row, size_t column) { return comparison.rows[row].cells[column].rank; },
      [&](size_t row, size_t column) {
        return format_percent(comparison.accuracy[row][column]->accuracy);
      });
  for (size_t column = 0; column < answers.size(); ++column) {
    add_differences(comparison, column, answers[column], draws);
  }
  say_how_few(comparison);
}

std::string format_percent(double share) {
  return fmt::format("{:.1f}", 100 * share);
}

}  // namespace lengthwise
