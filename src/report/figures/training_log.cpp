#include "report/figures/training_log.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <tuple>

#include "base/error.h"
#include "report/figures/comparison_curves.h"
#include "report/records/json_lines.h"
#include "report/records/run_options.h"

namespace lengthwise {
namespace {

using Json = nlohmann::json;

std::optional<double> real(const Json& line, const char* key) {
  const auto found = line.find(key);
  if (found == line.end() || !found->is_number()) return std::nullopt;
  return found->get<double>();
}

TrainingLogLine parsed(const Json& line, const std::string& origin) {
  const bool object = line.is_object();
  const auto nats = object ? real(line, "nats_per_token") : std::nullopt;
  if (!nats || !line.contains("step") || !line["step"].is_number_integer()) {
    fail("{}: is broken: no line of a training log, with 'step' and 'nats_per_token'", origin);
  }
  return {line["step"].get<int64_t>(), *nats, real(line, "validation_nats_per_token")};
}

/// Steps to the values of the seeds.
using ValuesByStep = std::map<int64_t, std::vector<double>>;

struct Group {
  Row row;  // what the figures know it by
  size_t logs = 0;
  ValuesByStep training, validation;
};

auto key_of(const Row& row) {
  return std::tie(row.scheme, row.train_length, row.settings);
}

/// The rows of one key have one place in the table, as trained and in every variant.
size_t place_of(const Comparison& comparison, const Group& group) {
  const auto found = std::ranges::find_if(
      comparison.rows, [&](const Row& row) { return key_of(row) == key_of(group.row); });
  return static_cast<size_t>(found - comparison.rows.begin());
}

std::vector<Group> groups_of(const Comparison& comparison, const std::vector<RunRecord>& runs) {
  std::vector<Group> groups;
  for (const RunRecord& run : runs) {
    const std::vector<TrainingLogLine> log = read_training_log(run.folder);
    if (log.empty()) continue;
    Row row;
    row.scheme = run.scheme;
    row.settings = comparison.settings_of(run);
    row.train_length = run.train_length;
    auto group = std::ranges::find_if(
        groups, [&](const Group& known) { return key_of(known.row) == key_of(row); });
    if (group == groups.end()) group = groups.insert(groups.end(), Group{row, 0, {}, {}});
    ++group->logs;
    for (const TrainingLogLine& line : log) {
      group->training[line.step].push_back(line.nats_per_token);
      if (!line.validation_nats_per_token) continue;
      group->validation[line.step].push_back(*line.validation_nats_per_token);
    }
  }
  // What was trained and not compared has neither a name nor a look.
  std::erase_if(groups, [&](const Group& group) {
    return place_of(comparison, group) == comparison.rows.size();
  });
  std::ranges::stable_sort(groups, {},
                           [&](const Group& group) { return place_of(comparison, group); });
  return groups;
}

Series series_of(Series series, const Group& group, const ValuesByStep& values) {
  for (const auto& [step, seeds] : values) {
    if (seeds.size() != group.logs) continue;
    double sum = 0;
    for (const double value : seeds) sum += value;
    series.x.push_back(static_cast<double>(step));
    series.y.push_back(sum / static_cast<double>(seeds.size()));
    if (group.logs == 1) continue;
    series.low.push_back(std::ranges::min(seeds));
    series.high.push_back(std::ranges::max(seeds));
  }
  return series;
}

}  // namespace

std::vector<TrainingLogLine> read_training_log(const fs::path& run_folder) {
  std::map<int64_t, TrainingLogLine> by_step;
  for (const JsonLine& line : read_json_lines(run_folder / "train.jsonl")) {
    const TrainingLogLine entry = parsed(Json::parse(line.text, nullptr, false), line.origin);
    by_step[entry.step] = entry;
  }
  std::vector<TrainingLogLine> lines;
  for (const auto& [step, line] : by_step) lines.push_back(line);
  return lines;
}

LineChart training_chart(const Comparison& comparison, const std::vector<RunRecord>& runs) {
  LineChart chart;
  chart.title = "Training loss";
  chart.subtitle =
      "mean since the step logged before; over several seeds the mean, shaded from "
      "min to max";
  chart.x_label = "step";
  chart.views = {{"training", "nats per token", Scale::linear, std::nullopt, {}},
                 {"validation", "nats per token", Scale::linear, std::nullopt, {}}};
  bool validated = false;
  const ComparisonCurves curves(comparison);
  if (!curves.note().empty()) chart.notes.push_back(curves.note());
  for (const Group& group : groups_of(comparison, runs)) {
    const Series curve = curves.of(group.row);
    chart.views[0].series.push_back(series_of(curve, group, group.training));
    chart.views[1].series.push_back(series_of(curve, group, group.validation));
    validated = validated || !group.validation.empty();
  }
  if (!validated) chart.views.pop_back();
  return chart;
}

}  // namespace lengthwise
