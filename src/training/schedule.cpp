#include "training/schedule.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "training/options.h"

namespace lengthwise {
namespace {

/// The part of the highest learning rate so many steps after the end of warm-up.
struct Schedule {
  std::string name;
  double (*part)(const TrainingOptions&, int64_t step);
};

double constant(const TrainingOptions&, int64_t) {
  return 1;
}

/// At a place 0 ... 1 of a period.
double fallen(const TrainingOptions& options, double place) {
  const double height = (1 + std::cos(std::numbers::pi * place)) / 2;
  return options.final_learning_rate + (1 - options.final_learning_rate) * height;
}

/// As fairseq has it: a period's last rate is that of the step after it, where the next begins.
double restarted(const TrainingOptions& options, int64_t step) {
  double length = static_cast<double>(options.period_steps), left = static_cast<double>(step);
  double shrunk = 1;
  if (options.period_factor == 1) {
    const int64_t period = step / options.period_steps;
    left = static_cast<double>(step % options.period_steps);
    shrunk = std::pow(options.period_shrink, static_cast<double>(period));
  } else {
    for (; left >= length; shrunk *= options.period_shrink) {
      left -= length;
      length *= options.period_factor;
    }
  }
  return shrunk * fallen(options, left / length);
}

double cosine(const TrainingOptions& options, int64_t step) {
  if (options.period_steps > 0) return restarted(options, step);
  const auto remaining =
      static_cast<double>(std::max<int64_t>(1, options.steps - 1 - options.warmup()));
  return fallen(options, std::min(1.0, static_cast<double>(step) / remaining));
}

const Schedule kSchedules[] = {{"cosine", cosine}, {"constant", constant}};

}  // namespace

double learning_rate_at(const TrainingOptions& options, int64_t step) {
  const int64_t warmup = options.warmup();
  if (step < warmup && options.warmup_learning_rate > 0) {
    const double rise = options.learning_rate - options.warmup_learning_rate;
    return options.warmup_learning_rate +
           rise * static_cast<double>(step) / static_cast<double>(warmup);
  }
  if (step < warmup) {
    return options.learning_rate * static_cast<double>(step + 1) / static_cast<double>(warmup);
  }
  const auto* schedule = std::ranges::find(kSchedules, options.schedule, &Schedule::name);
  return options.learning_rate * schedule->part(options, step - warmup);
}

std::vector<std::string> schedule_names() {
  std::vector<std::string> names;
  for (const Schedule& schedule : kSchedules) names.push_back(schedule.name);
  return names;
}

}  // namespace lengthwise
