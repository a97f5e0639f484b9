#include "training/schedule.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "training/options.h"

namespace lengthwise {
namespace {

/// The part of the highest learning rate at a place 0 ... 1 between the end of warm-up and the end.
struct Schedule {
  std::string name;
  double (*part)(const TrainingOptions&, double place);
};

double constant(const TrainingOptions&, double) {
  return 1;
}

double cosine(const TrainingOptions& options, double place) {
  const double fallen = (1 + std::cos(std::numbers::pi * place)) / 2;
  return options.final_learning_rate + (1 - options.final_learning_rate) * fallen;
}

const Schedule kSchedules[] = {{"cosine", cosine}, {"constant", constant}};

}  // namespace

double learning_rate_at(const TrainingOptions& options, int64_t step) {
  const int64_t warmup = options.warmup();
  if (step < warmup) {
    return options.learning_rate * static_cast<double>(step + 1) / static_cast<double>(warmup);
  }
  const auto remaining = static_cast<double>(std::max<int64_t>(1, options.steps - 1 - warmup));
  const double place = std::min(1.0, static_cast<double>(step - warmup) / remaining);
  const auto* schedule = std::ranges::find(kSchedules, options.schedule, &Schedule::name);
  return options.learning_rate * schedule->part(options, place);
}

std::vector<std::string> schedule_names() {
  std::vector<std::string> names;
  for (const Schedule& schedule : kSchedules) names.push_back(schedule.name);
  return names;
}

}  // namespace lengthwise
