#include <fmt/format.h>
#include <fmt/ranges.h>

#include "app/command.h"
#include "app/display.h"
#include "base/plain_text.h"
#include "experiment/dry_run.h"
#include "experiment/run_folder.h"
#include "experiment/train_run.h"

namespace lengthwise {
namespace {

/// "246,933,504"
std::string with_commas(int64_t number) {
  std::string text = std::to_string(number);
  for (auto at = static_cast<std::ptrdiff_t>(text.size()) - 3; at > 0; at -= 3) {
    text.insert(static_cast<size_t>(at), ",");
  }
  return text;
}

/// "3.2 s", "5.1 min", "2.0 h", "31 days"
std::string time_text(double seconds) {
  if (seconds < 120) return fmt::format("{:.3g} s", seconds);
  if (seconds < 7200) return fmt::format("{:.3g} min", seconds / 60);
  if (seconds < 172800) return fmt::format("{:.3g} h", seconds / 3600);
  return fmt::format("{:.0f} days", seconds / 86400);
}

void show_plan(const DryRun& plan, const Config& config) {
  for (const ParameterShape& each : plan.shapes) {
    fmt::print("{:<44} [{}]{}\n", each.name, fmt::join(each.shape, ", "),
               each.times > 1 ? fmt::format(" x {}", each.times) : "");
  }
  const auto steps = static_cast<double>(config.training.steps);
  fmt::print("parameters: {}\n", with_commas(plan.parameters));
  fmt::print("tokens: {} a pass ({} windows of {}), {} a step, {} in {} steps\n",
             with_commas(plan.tokens_a_pass), plan.windows_a_pass, config.model.train_length,
             with_commas(plan.tokens_a_step),
             with_commas(plan.tokens_a_step * config.training.steps), config.training.steps);
  fmt::print(
      "memory: about {:.2f} GiB: weights {:.2f}, gradients {:.2f}, the optimizer {:.2f}, a pass "
      "{:.2f}\n",
      2 * plan.weights_gib + plan.optimizer_gib + plan.pass_gib, plan.weights_gib, plan.weights_gib,
      plan.optimizer_gib, plan.pass_gib);
  fmt::print("time: about {} a step, {} in all, on {} with {} thread{}\n",
             time_text(plan.seconds_a_step), time_text(plan.seconds_a_step * steps),
             config.run.device, config.run.threads, config.run.threads == 1 ? "" : "s");
}

}  // namespace

int run_train(const Words& arguments) {
  Config config;
  read_files_and_options(config, arguments);
  if (config.run.dry_run) {
    show_plan(plan_training(config), config);
    return 0;
  }
  const RunFolder folder(config.run_folder());
  switch (train_run(config, show_training, stop_on_signals())) {
    case TrainingEnd::finished:
      fmt::print("trained: {}\n", one_line(folder.path().string()));
      return 0;
    case TrainingEnd::already_finished:
      fmt::print("already trained: {}\n", one_line(folder.path().string()));
      return 0;
    case TrainingEnd::restored:
      fmt::print("already trained: {}; its checkpoint, lost or damaged, is written again\n",
                 folder.path().string());
      return 0;
    case TrainingEnd::stopped:
      break;
  }
  fmt::print(
      "\nstopped and saved; go on with: {}\n",
      command_line({"train", folder.config().string(), "--run.folder", folder.path().string()}));
  return 1;
}

}  // namespace lengthwise
