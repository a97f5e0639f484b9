#include "experiment/dry_run.h"

#include <c10/core/Allocator.h>
#include <c10/util/ThreadLocalDebugInfo.h>

#include <algorithm>
#include <chrono>

#include "data/dataset.h"
#include "experiment/computing.h"
#include "experiment/train_run.h"
#include "model/device.h"
#include "training/optimizer.h"

namespace lengthwise {
namespace {

constexpr double kGib = 1024.0 * 1024.0 * 1024.0;
constexpr int64_t kTimedTokens = 1024;  // a pass that is timed has more only if one window has

double gib(double bytes) {
  return bytes / kGib;
}

/// Counts what LibTorch's allocators give to this thread and take back.
class AllocationCounter : public c10::MemoryReportingInfoBase {
 public:
  void reportMemoryUsage(void*, int64_t size, size_t, size_t, c10::Device) override {
    held_ += size;
  }
  bool memoryProfilingEnabled() const override { return true; }
  int64_t held() const { return held_; }

 private:
  int64_t held_ = 0;
};

/// Every handle to the parameters then has shapes alone.
void move_to_meta(const torch::nn::Module& module) {
  for (const auto& parameter : module.parameters()) {
    const auto shape = torch::empty_like(parameter.detach(), torch::kMeta);
    parameter.unsafeGetTensorImpl()->shallow_copy_from(shape.getIntrusivePtr());
  }
}

/// "blocks.*.attention.output.weight" of "blocks.3.attention.output.weight".
std::string name_in_every_block(const std::string& name) {
  constexpr std::string_view kBlocks = "blocks.";
  if (!name.starts_with(kBlocks)) return name;
  return "blocks.*" + name.substr(name.find('.', kBlocks.size()));
}

std::vector<ParameterShape> shapes_of(const Transformer& model) {
  std::vector<ParameterShape> shapes;
  for (const auto& parameter : model->named_parameters()) {
    const std::string name = name_in_every_block(parameter.key());
    const auto shape = parameter.value().sizes().vec();
    const auto same = std::ranges::find_if(shapes, [&](const ParameterShape& before) {
      return before.name == name && before.shape == shape;
    });
    if (same == shapes.end()) {
      shapes.push_back({name, shape, 1});
    } else {
      ++same->times;
    }
  }
  return shapes;
}

/// What a pass and an update of a model of few layers took.
struct Measured {
  double pass_seconds, update_seconds;
  double pass_bytes;

  /// Of a model that has n layers where `one` has one and `two` has two.
  static Measured extrapolated(const Measured& one, const Measured& two, int64_t layers) {
    const auto more = static_cast<double>(layers - 1);
    const auto at = [more](double a, double b) { return a + more * std::max(0.0, b - a); };
    return {at(one.pass_seconds, two.pass_seconds), at(one.update_seconds, two.update_seconds),
            at(one.pass_bytes, two.pass_bytes)};
  }
};

/// Tokens drawn evenly, one pass of `windows`.
Measured measure(Config config, int64_t layers, int64_t vocabulary_size, int64_t windows,
                 const Computing& computing) {
  config.model.layers = layers;
  Transformer model = make_transformer(config.model, config.position, vocabulary_size);
  model->reset_parameters(1);
  place_model(model, computing);
  model->train();
  const auto optimizer = make_optimizer(config.training, named_parameters(*model));
  const auto tokens =
      torch::randint(vocabulary_size, {windows, config.model.train_length + 1}, torch::kInt64);
  const auto inputs =
      sent(tokens.slice(1, 0, config.model.train_length).contiguous(), computing.device);
  const auto targets = tokens.slice(1, 1).flatten();
  const auto now = [&] {
    wait_for(computing.device);
    return std::chrono::steady_clock::now();
  };
  const auto seconds = [](auto from, auto to) {
    return std::chrono::duration<double>(to - from).count();
  };
  Measured best{};
  for (int round = 0; round < 2; ++round) {  // the first fills what is filled once
    optimizer->zero_gradients();
    const auto counter = std::make_shared<AllocationCounter>();
    const auto start = now();
    torch::Tensor loss;
    {
      const c10::DebugInfoGuard counting(c10::DebugInfoKind::PROFILER_STATE, counter);
      loss = model->head->mean_nats(model->forward(inputs).flatten(0, 1), targets);
    }
    loss.backward();
    const auto passed = now();
    optimizer->clip_gradients(config.training.clip_norm);
    optimizer->update(1e-9, round);
    const Measured found{seconds(start, passed), seconds(passed, now()),
                         static_cast<double>(counter->held())};
    best = round == 0
               ? found
               : Measured{std::min(best.pass_seconds, found.pass_seconds),
                          std::min(best.update_seconds, found.update_seconds), found.pass_bytes};
  }
  return best;
}

int64_t tokens_of_vocabulary(const Config& config) {
  if (config.model.vocabulary_size > 0) return config.model.vocabulary_size;
  const Dataset dataset = open_dataset(config.data);
  check_training_data(config, dataset);
  return dataset.vocabulary_size;
}

}  // namespace

DryRun plan_training(const Config& given) {
  given.validate();
  const Config config = given.resolved();
  const Computing computing = open_computing(config.run);
  const int64_t vocabulary_size = tokens_of_vocabulary(config);
  const TrainingOptions& training = config.training;

  DryRun plan;
  Transformer model = make_transformer(config.model, config.position, vocabulary_size);
  move_to_meta(*model);
  plan.shapes = shapes_of(model);
  plan.parameters = parameter_count(model);
  plan.windows_a_pass = training.batch_windows;
  plan.tokens_a_pass = plan.windows_a_pass * config.model.train_length;
  plan.tokens_a_step = plan.tokens_a_pass * training.accumulation;

  double weights = 0, state = 0;
  for (const auto& parameter : model->parameters())
    weights += static_cast<double>(parameter.nbytes());
  const auto optimizer = make_optimizer(training, named_parameters(*model));
  for (const auto& [name, tensor] : optimizer->state())
    state += static_cast<double>(tensor.nbytes());
  plan.weights_gib = gib(weights);
  plan.optimizer_gib = gib(state);

  const int64_t timed =
      std::clamp<int64_t>(kTimedTokens / config.model.train_length, 1, plan.windows_a_pass);
  const Measured all = Measured::extrapolated(measure(config, 1, vocabulary_size, timed, computing),
                                              measure(config, 2, vocabulary_size, timed, computing),
                                              config.model.layers);
  const double scale = static_cast<double>(plan.windows_a_pass) / static_cast<double>(timed);
  plan.pass_gib = gib(all.pass_bytes * scale);
  plan.seconds_a_step =
      all.pass_seconds * scale * static_cast<double>(training.accumulation) + all.update_seconds;
  return plan;
}

}  // namespace lengthwise
