#include "report/figures/task_maps.h"

#include <fmt/format.h>

#include <limits>

namespace lengthwise {
namespace {

/// Tallies of any number as tenths.
std::vector<Tally> in_tenths(const std::vector<Tally>& tallies) {
  std::vector<Tally> tenths(kTenths);
  for (size_t i = 0; i < tallies.size(); ++i) {
    Tally& tenth = tenths[i * kTenths / tallies.size()];
    tenth.right += tallies[i].right;
    tenth.all += tallies[i].all;
  }
  return tenths;
}

template <class TalliesOf>
std::optional<HeatMap> map_of(const TaskComparison& comparison, size_t row,
                              const TalliesOf& tallies_of) {
  constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
  HeatMap map;
  map.title =
      fmt::format("{}: answer tokens that are right", comparison.label(comparison.rows[row]));
  map.column_axis = "evaluation length (tokens)";
  map.values.resize(kTenths);
  for (size_t tenth = 0; tenth < kTenths; ++tenth) {
    map.row_labels.push_back(fmt::format("{}-{} %", 10 * tenth, 10 * (tenth + 1)));
  }
  bool any = false;
  for (size_t column = 0; column < comparison.eval_lengths.size(); ++column) {
    map.column_labels.push_back(fmt::format("{}", comparison.eval_lengths[column]));
    const auto& task = comparison.accuracy[row][column];
    std::vector<Tally> tallies = task ? tallies_of(*task) : std::vector<Tally>();
    any = any || !tallies.empty();
    tallies.resize(kTenths);
    for (size_t tenth = 0; tenth < kTenths; ++tenth) {
      map.values[tenth].push_back(tallies[tenth].all > 0 ? tallies[tenth].share() : kNone);
    }
  }
  return any ? std::optional(map) : std::nullopt;
}

}  // namespace

std::optional<HeatMap> map_by_place(const TaskComparison& comparison, size_t row) {
  auto map = map_of(comparison, row, [](const TaskAccuracy& task) { return task.by_place; });
  if (map) map->row_axis = "place in the prompt";
  return map;
}

std::optional<HeatMap> map_by_answer(const TaskComparison& comparison, size_t row) {
  auto map = map_of(comparison, row, [](const TaskAccuracy& task) {
    return task.by_answer.size() > 1 ? in_tenths(task.by_answer) : std::vector<Tally>();
  });
  if (map) map->row_axis = "place in the answer";
  return map;
}

}  // namespace lengthwise
