#include "training/trainer.h"

#include <chrono>
#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/random.h"
#include "base/text.h"
#include "model/device.h"
#include "training/event_file.h"
#include "training/optimizer.h"
#include "training/schedule.h"
#include "training/step_numbers.h"
#include "training/step_profiler.h"

namespace lengthwise {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

/// Does the work under its name in a profile.
auto in_phase(const char* name, const auto& work) {
  RECORD_USER_SCOPE(name);
  return work();
}

/// What a state holds beside tensors, as float64 values by name.
struct Place {
  int64_t step = 0;
  double nats_sum = 0;  // since the last logged step
  double best_nats = std::numeric_limits<double>::infinity();
};

class Trainer {
 public:
  Trainer(Transformer& model, const TrainingWindows& windows, const TrainingOptions& options,
          const TrainingFiles& files, const Identity& identity, const TrainingHooks& hooks)
      : model_(model),
        windows_(windows),
        options_(options),
        files_(files),
        identity_(identity),
        hooks_(hooks),
        parameters_(named_parameters(*model)),
        device_(parameters_.begin()->second.device()),
        numbers_(device_),
        optimizer_(make_optimizer(options, parameters_)) {}

  TrainingResult run() {
    resume();
    first_step_ = place_.step;
    start_ = Clock::now();
    model_->train();
    if (place_.step == options_.steps) save_weights(files_.checkpoint);
    std::optional<StepProfiler> profiler;
    if (!hooks_.profile.empty()) profiler.emplace(hooks_.profile, options_.steps - place_.step);
    while (place_.step < options_.steps) {
      if (profiler) profiler->begin_step();
      in_phase("step", [&] { take_step(); });
      if (profiler) profiler->end_step();
      const bool stopping = hooks_.stop != nullptr && hooks_.stop->load();
      const bool saving =
          stopping || is_last(place_.step) || place_.step % options_.checkpoint_every == 0;
      const bool validating = is_validated(place_.step);
      look_at_numbers(saving || validating ? Take::all : Take::ready);
      if (validating) log(validate());
      if (saving) save();
      if (stopping) break;
    }
    wait_for(device_);
    return {first_step_, place_.step, seconds_since(start_), tokens_per_second(place_.step)};
  }

 private:
  using Take = StepNumbersQueue::Take;

  bool is_last(int64_t step) const { return step == options_.steps; }

  bool is_validated(int64_t step) const {
    return options_.validate_every > 0 && hooks_.validate &&
           (is_last(step) || step % options_.validate_every == 0);
  }

  void take_step() {
    optimizer_->zero_gradients();
    // Dropout, the only user of LibTorch's generator here, then depends on the step alone.
    torch::manual_seed(draw_of(0));
    auto nats = torch::zeros({}, torch::TensorOptions(torch::kFloat64).device(device_));
    for (int64_t part = 0; part < options_.accumulation; ++part) nats += accumulate(part);
    const auto norm =
        in_phase("clip", [&] { return optimizer_->clip_gradients(options_.clip_norm); });
    in_phase("update",
             [&] { optimizer_->update(learning_rate_at(options_, place_.step), place_.step); });
    ++place_.step;
    numbers_.push(place_.step, nats, norm);
  }

  /// Checks, adds up and logs what has arrived of the steps taken.
  void look_at_numbers(Take take) {
    while (const auto numbers = numbers_.pop(take)) {
      last_ = *numbers;
      if (!std::isfinite(last_.nats)) fail_at_step("loss", last_.nats);
      if (!std::isfinite(last_.gradient_norm)) {
        fail_at_step("gradient's norm", last_.gradient_norm);
      }
      place_.nats_sum += last_.nats;
      ++steps_since_log_;
      const bool logged = is_last(last_.step) || last_.step % options_.log_every == 0;
      if (logged && !is_validated(last_.step)) log(std::nullopt);
    }
  }

  /// Adds one forward and backward pass to the gradients; -> its part of the mean loss.
  torch::Tensor accumulate(int64_t part) {
    const int64_t length = model_->options.train_length, batch = options_.batch_windows;
    auto inputs = torch::empty({batch, length}, torch::kInt64), targets = torch::empty_like(inputs);
    auto* input = inputs.mutable_data_ptr<int64_t>();
    auto* target = targets.mutable_data_ptr<int64_t>();
    const auto count = static_cast<size_t>(length);
    in_phase("windows", [&] {
      for (int64_t i = 0; i < batch; ++i) {
        const int64_t index = (place_.step * options_.accumulation + part) * batch + i;
        windows_.draw(index, {input + i * length, count}, {target + i * length, count});
      }
    });
    const auto hidden =
        in_phase("forward", [&] { return model_->forward(sent(inputs, device_), draw_of(part)); });
    const auto loss = in_phase("loss", [&] {
      return model_->head->mean_nats(hidden.flatten(0, 1), targets.flatten()) /
             static_cast<double>(options_.accumulation);
    });
    in_phase("backward", [&] { loss.backward(); });
    return loss.detach();
  }

  /// Names a forward pass of the step in hand to everything in it that is random.
  uint64_t draw_of(int64_t part) const {
    const auto pass = static_cast<uint64_t>(place_.step * options_.accumulation + part);
    return split_stream(static_cast<uint64_t>(options_.seed), pass).next();
  }

  [[noreturn]] void fail_at_step(std::string_view what, double value) const {
    const bool saved = fs::exists(files_.state);
    throw RunFailure(fmt::format(
        "step {}: the {} is {}; look at training.learning_rate ({}) and training.clip_norm ({}); "
        "{}",
        last_.step, what, value, options_.learning_rate, options_.clip_norm,
        saved ? fmt::format("the last good checkpoint is kept in {}", files_.checkpoint.string())
              : "no checkpoint had been written yet"));
  }

  /// Nats a token on the valid split; keeps the weights where these are the lowest so far.
  double validate() {
    const double nats = hooks_.validate();
    if (nats < place_.best_nats) {
      place_.best_nats = nats;
      save_weights(files_.best);
    }
    return nats;
  }

  /// A line of the step whose numbers were looked at last.
  void log(std::optional<double> validation) {
    const int64_t step = last_.step;
    const double rate = tokens_per_second(step);
    const TrainingProgress progress{
        step,
        options_.steps,
        place_.nats_sum / static_cast<double>(steps_since_log_),
        learning_rate_at(options_, step - 1),
        last_.gradient_norm,
        rate,
        static_cast<double>(tokens_a_step() * (options_.steps - step)) / rate,
        validation};
    nlohmann::ordered_json line{{"step", progress.step},
                                {"steps", progress.steps},
                                {"tokens", progress.step * tokens_a_step()},
                                {"nats_per_token", progress.nats_per_token},
                                {"learning_rate", progress.learning_rate},
                                {"gradient_norm", progress.gradient_norm},
                                {"tokens_per_second", std::round(rate)},
                                {"peak_memory_mib", std::round(peak_memory_mib(device_))}};
    if (validation) line["validation_nats_per_token"] = *validation;
    append_line(files_.log, line.dump());
    if (options_.tensorboard) add_events(progress);
    place_.nats_sum = 0;
    steps_since_log_ = 0;
    if (hooks_.report) hooks_.report(progress);
  }

  void add_events(const TrainingProgress& progress) const {
    std::vector<StepScalar> scalars{{"nats_per_token", progress.nats_per_token},
                                    {"learning_rate", progress.learning_rate},
                                    {"gradient_norm", progress.gradient_norm},
                                    {"tokens_per_second", progress.tokens_per_second}};
    if (const auto& nats = progress.validation_nats_per_token) {
      scalars.push_back({"validation_nats_per_token", *nats});
    }
    EventFile(files_.events).append(progress.step, scalars);
  }

  void save_weights(const fs::path& path) const {
    Metadata metadata = identity_.wanted;
    metadata["step"] = std::to_string(place_.step);
    save_tensors(path, parameters_, metadata);
  }

  /// The state is written last: until it is there, a restart goes on from the one before and makes
  /// the other files again, bit for bit.
  void save() const {
    save_weights(files_.checkpoint);
    NamedTensors state = optimizer_->state();
    for (const auto& [name, tensor] : parameters_) state["weight." + name] = tensor;
    state["place"] = place_tensor();
    save_tensors(files_.state, state, identity_.wanted);
  }

  torch::Tensor place_tensor() const {
    return torch::tensor({static_cast<double>(place_.step), place_.nats_sum,
                          static_cast<double>(steps_since_log_), place_.best_nats},
                         torch::kFloat64);
  }

  void resume() {
    if (!fs::exists(files_.state)) {
      fs::remove(files_.log);
      fs::remove(files_.events);
      return;
    }
    NamedTensors state = optimizer_->state();
    for (const auto& [name, tensor] : parameters_) state["weight." + name] = tensor;
    const auto place = torch::empty({4}, torch::kFloat64);
    state["place"] = place;
    const SafetensorsFile file = open_state();
    check_identity(file, identity_);
    load_tensors(file, state);
    set_place(place.const_data_ptr<double>());
    drop_log_after(place_.step);
    EventFile(files_.events).keep_to(place_.step);
  }

  SafetensorsFile open_state() const {
    try {
      return SafetensorsFile(files_.state);
    } catch (const UserError& error) {
      fail("{}; delete it, and the run is trained from its start", error.what());
    }
  }

  /// Any number in a file may be forged.
  void set_place(const double* values) {
    const auto is_count = [](double value, double most) {
      return value >= 0 && value <= most && value == std::floor(value);
    };
    if (!is_count(values[0], static_cast<double>(options_.steps)) ||
        !is_count(values[2], values[0]) || !std::isfinite(values[1]) || std::isnan(values[3])) {
      fail("{}: corrupted: step {} of {} is no place in this run", files_.state.string(), values[0],
           options_.steps);
    }
    place_ = {static_cast<int64_t>(values[0]), values[1], values[3]};
    steps_since_log_ = static_cast<int64_t>(values[2]);
  }

  /// Lines of steps that will be taken again, and one that a kill cut short, go.
  void drop_log_after(int64_t step) const {
    std::ifstream log(files_.log);
    std::string kept;
    for (std::string line; std::getline(log, line);) {
      const auto json = nlohmann::json::parse(line, nullptr, /*allow_exceptions=*/false);
      if (!json.is_object() || !json.contains("step") || !json["step"].is_number()) continue;
      if (json["step"].get<int64_t>() <= step) kept += line + '\n';
    }
    write_file(files_.log, kept);
  }

  int64_t tokens_a_step() const {
    return options_.batch_windows * options_.accumulation * model_->options.train_length;
  }

  double tokens_per_second(int64_t step) const {
    const auto tokens = static_cast<double>((step - first_step_) * tokens_a_step());
    return tokens / std::max(1e-9, seconds_since(start_));
  }

  Transformer& model_;
  const TrainingWindows& windows_;
  const TrainingOptions& options_;
  const TrainingFiles& files_;
  const Identity& identity_;
  const TrainingHooks& hooks_;
  NamedTensors parameters_;
  torch::Device device_;
  StepNumbersQueue numbers_;
  std::unique_ptr<Optimizer> optimizer_;
  Place place_;
  StepNumbers last_{};  // that were looked at
  int64_t steps_since_log_ = 0;
  int64_t first_step_ = 0;
  Clock::time_point start_;
};

}  // namespace

TrainingResult train(Transformer& model, const TrainingWindows& windows,
                     const TrainingOptions& options, const TrainingFiles& files,
                     const Identity& identity, const TrainingHooks& hooks) {
  return Trainer(model, windows, options, files, identity, hooks).run();
}

}  // namespace lengthwise
