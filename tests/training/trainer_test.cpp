#include "training/trainer.h"

#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/text.h"
#include "data/block_sampler.h"
#include "data/tasks/task_sampler.h"
#include "data/window_sampler.h"
#include "position/options.h"
#include "temporary_folder.h"
#include "tensor_check.h"
#include "test.h"
#include "user_error_text.h"

namespace lengthwise {
namespace {

constexpr int64_t kVocabularySize = 7;

/// 0 1 2 ... 6 0 1 ...: nothing to doubt after the first token.
TokenStream repeating_corpus() {
  std::vector<uint32_t> tokens;
  for (uint32_t i = 0; i < 300; ++i) tokens.push_back(i % kVocabularySize);
  return TokenStream::from_tokens(tokens, {{0, 300, 0, 0, 0}}, kVocabularySize);
}

/// Noise, so that each window drawn matters to the weights.
TokenStream random_corpus() {
  torch::manual_seed(11);
  const auto drawn = torch::randint(kVocabularySize, {500}, torch::kInt64);
  std::vector<uint32_t> tokens;
  for (int64_t i = 0; i < 500; ++i)
    tokens.push_back(static_cast<uint32_t>(drawn[i].item<int64_t>()));
  return TokenStream::from_tokens(tokens, {{0, 500, 0, 0, 0}}, kVocabularySize);
}

ModelOptions tiny_model() {
  ModelOptions options;
  options.width = 16;
  options.layers = 1;
  options.heads = 2;
  options.feedforward = 24;
  options.train_length = 10;
  return options;
}

/// With everything in it that a resumed run could forget.
TrainingOptions busy_recipe() {
  TrainingOptions options;
  options.seed = 3;
  options.steps = 13;
  options.batch_windows = 3;
  options.accumulation = 2;
  options.warmup_steps = 4;
  options.log_every = 5;
  options.validate_every = 4;
  options.checkpoint_every = 3;
  return options;
}

/// A run in a folder of its own; every session begins with a model drawn from another seed, for
/// all that a resumed run needs must come from its state.
class Run {
 public:
  Run(const fs::path& folder, TrainingOptions options, ModelOptions model_options = tiny_model(),
      TokenStream corpus = random_corpus())
      : Run(folder, std::move(options), model_options,
            std::make_unique<WindowSampler>(corpus, model_options.train_length, /*seed=*/5)) {}
  Run(const fs::path& folder, TrainingOptions options, ModelOptions model_options,
      std::unique_ptr<TrainingWindows> windows)
      : folder_(folder),
        options_(std::move(options)),
        model_options_(std::move(model_options)),
        windows_(std::move(windows)) {
    make_folder(folder);
  }

  TrainingOptions& options() { return options_; }
  Identity& identity() { return identity_; }
  Transformer& model() { return model_; }
  TrainingFiles files() const {
    return {folder_ / "train.jsonl", folder_ / "last.safetensors", folder_ / "best.safetensors",
            folder_ / "state.safetensors"};
  }

  TrainingResult train(const std::atomic<bool>* stop = nullptr) {
    TrainingHooks hooks;
    hooks.validate = [&] { return loss_on_a_fixed_window(); };
    hooks.stop = stop;
    return train_with(hooks);
  }

  TrainingResult train_with(const TrainingHooks& hooks) {
    PositionOptions position;
    position.scheme = "learned";
    model_ = make_transformer(model_options_, position, kVocabularySize);
    model_->reset_parameters(fs::exists(files().state) ? 1000 + sessions_++ : 1);
    return lengthwise::train(model_, *windows_, options_, files(), identity_, hooks);
  }

  /// The log without what depends on the clock and the machine.
  std::vector<nlohmann::json> log() const {
    std::vector<nlohmann::json> lines;
    for (const std::string& text : split(read_file(files().log), "\n")) {
      lines.push_back(nlohmann::json::parse(text));
      CHECK(lines.back().erase("tokens_per_second") == 1);
      CHECK(lines.back().erase("peak_memory_mib") == 1);
    }
    return lines;
  }

  std::string step_in(const fs::path& checkpoint) const {
    return SafetensorsFile(checkpoint).metadata("step");
  }

 private:
  double loss_on_a_fixed_window() {
    const torch::NoGradGuard no_grad;
    model_->eval();
    std::vector<int64_t> inputs(static_cast<size_t>(model_options_.train_length));
    std::vector<int64_t> targets(inputs.size());
    windows_->draw(123456, inputs, targets);
    const auto hidden = model_->forward(torch::tensor(inputs).unsqueeze(0));
    const double nats = model_->head->mean_nats(hidden[0], torch::tensor(targets)).item<double>();
    model_->train();
    return nats;
  }

  fs::path folder_;
  TrainingOptions options_;
  ModelOptions model_options_;
  std::unique_ptr<TrainingWindows> windows_;
  Identity identity_{{{"name", "test"}}, {}};
  Transformer model_{nullptr};
  uint64_t sessions_ = 0;
};

ModelOptions with_dropout() {
  ModelOptions options = tiny_model();
  options.dropout = 0.2;
  return options;
}

void check_same_end(const Run& resumed, const Run& whole) {
  const TrainingFiles one = resumed.files(), other = whole.files();
  CHECK(sha256_of_file(one.state) == sha256_of_file(other.state));
  CHECK(sha256_of_file(one.checkpoint) == sha256_of_file(other.checkpoint));
  CHECK(sha256_of_file(one.best) == sha256_of_file(other.best));
  CHECK(resumed.log() == whole.log());
}

std::vector<int64_t> steps_of(const std::vector<nlohmann::json>& log) {
  std::vector<int64_t> steps;
  for (const auto& line : log) steps.push_back(line.at("step").get<int64_t>());
  return steps;
}

/// Another place in a state, everything else as it is.
void overwrite_place(const fs::path& state, const std::vector<double>& place) {
  const SafetensorsFile file(state);
  auto arrays = file.arrays();
  arrays.at("place") = array_view(place);
  write_safetensors(state, arrays, file.metadata());
}

/// The line of a run that could not go on.
std::string failure_of(Run& run) {
  try {
    run.train();
  } catch (const RunFailure& failure) {
    return failure.what();
  }
  return "went on";
}

}  // namespace

TEST_CASE("Training learns a repeating corpus by heart", "[training]") {
  const TemporaryFolder folder;
  TrainingOptions options;
  options.steps = 150;
  options.batch_windows = 8;
  options.warmup_steps = 10;
  options.log_every = 10;
  Run run(folder.path(), options, tiny_model(), repeating_corpus());
  const TrainingResult result = run.train();
  CHECK(result.step == 150);
  CHECK(result.tokens_per_second > 0);
  const auto log = run.log();
  CHECK(log.front().at("nats_per_token").get<double>() > 1);  // ln 7 = 1.95 at the start
  CHECK(log.back().at("nats_per_token").get<double>() < 0.02);
}

TEST_CASE("The log holds a line a logged step, with means since the last one", "[training]") {
  const TemporaryFolder folder;
  TrainingOptions options = busy_recipe();
  Run run(folder / "five", options);
  run.train();
  // Every 5, every validation, and the last.
  CHECK(steps_of(run.log()) == std::vector<int64_t>{4, 5, 8, 10, 12, 13});
  for (const auto& line : run.log()) {
    const auto step = line.at("step").get<int64_t>();
    CHECK(line.at("steps") == 13);
    CHECK(line.at("tokens") == step * 3 * 2 * 10);
    CHECK(line.contains("validation_nats_per_token") == (step % 4 == 0 || step == 13));
  }

  options.log_every = 1;
  Run each(folder / "one", options);
  each.train();
  const auto every_step = each.log();
  REQUIRE(every_step.size() == 13);
  int64_t before = 0;
  for (const auto& line : run.log()) {
    const auto step = line.at("step").get<int64_t>();
    double sum = 0;
    for (int64_t i = before; i < step; ++i) {
      sum += every_step[static_cast<size_t>(i)].at("nats_per_token").get<double>();
    }
    CHECK(line.at("nats_per_token").get<double>() ==
          Approx(sum / static_cast<double>(step - before)).epsilon(1e-12));
    const auto& same = every_step[static_cast<size_t>(step - 1)];
    CHECK(line.at("learning_rate") == same.at("learning_rate"));
    CHECK(line.at("gradient_norm") == same.at("gradient_norm"));
    before = step;
  }
}

TEST_CASE("A run stopped after every single step ends as one that was not", "[training]") {
  const TemporaryFolder folder;
  Run whole(folder / "whole", busy_recipe(), with_dropout());
  CHECK(whole.train().step == 13);

  Run stopped(folder / "stopped", busy_recipe(), with_dropout());
  const std::atomic<bool> stop = true;
  for (int64_t step = 1; step <= 13; ++step) {
    CHECK(stopped.train(&stop).step == step);
    CHECK(stopped.step_in(stopped.files().checkpoint) == std::to_string(step));
  }
  check_same_end(stopped, whole);
}

TEST_CASE("So does one with NAG, adaptive embeddings and head, every dropout, blocks and restarts",
          "[training]") {
  const TemporaryFolder folder;
  TrainingOptions options = busy_recipe();
  options.optimizer = "nag";
  options.momentum = 0.9;
  options.learning_rate = 0.5;
  options.warmup_learning_rate = 1e-3;
  options.period_steps = 4;
  options.clip_norm = 0.1;
  ModelOptions model = with_dropout();
  model.embeddings = model.head = "adaptive";
  model.cutoffs = {2, 4};
  model.cutoff_factor = 2;
  model.tied_embeddings = model.tied_projections = true;
  model.attention_dropout = model.activation_dropout = model.head_dropout = 0.2;
  model.final_norm = false;
  model.initialization = "fairseq";
  const auto make_run = [&](const char* name) {
    return Run(folder / name, options, model,
               std::make_unique<BlockSampler>(random_corpus(), model.train_length, /*seed=*/5));
  };
  Run whole = make_run("whole"), stopped = make_run("stopped");
  CHECK(whole.train().step == 13);
  const std::atomic<bool> stop = true;
  for (int64_t step = 1; step <= 13; ++step) CHECK(stopped.train(&stop).step == step);
  check_same_end(stopped, whole);
}

TEST_CASE("A run on a task that is stopped after every step ends as one that was not",
          "[training]") {
  const TemporaryFolder folder;
  const auto run_in = [&](const char* name) {
    return Run(folder / name, busy_recipe(), with_dropout(),
               std::make_unique<TaskSampler>(find_task("parity"), 10, /*seed=*/5));
  };
  Run whole = run_in("whole");
  whole.train();
  Run stopped = run_in("stopped");
  const std::atomic<bool> stop = true;
  for (int64_t step = 1; step <= 13; ++step) CHECK(stopped.train(&stop).step == step);
  check_same_end(stopped, whole);
}

TEST_CASE("Training on a task learns its answers", "[training]") {
  const TemporaryFolder folder;
  TrainingOptions options;
  options.steps = 300;
  options.batch_windows = 16;
  options.warmup_steps = 10;
  options.log_every = 10;
  ModelOptions model = tiny_model();
  model.train_length = 4;  // one bit or two
  Run run(folder.path(), options, model,
          std::make_unique<TaskSampler>(find_task("parity"), 4, /*seed=*/5));
  run.train();
  CHECK(run.log().back().at("nats_per_token").get<double>() < 0.05);  // a guess has ln 2 = 0.69
}

TEST_CASE("A run killed after it went on from an old state ends as one that was not",
          "[training]") {
  const TemporaryFolder folder;
  Run whole(folder / "whole", busy_recipe(), with_dropout());
  whole.train();

  // Killed in step 12: the state is that of an earlier save, the log and the best checkpoint have
  // gone on, and the last line is torn.
  for (int64_t saved_at : {1, 6, 7}) {
    DYNAMIC_SECTION("saved at step " << saved_at) {
      Run killed(folder / "killed", busy_recipe(), with_dropout());
      const std::atomic<bool> stop = true;
      const auto stop_at = [&](int64_t last) {
        while (killed.train(&stop).step < last) continue;
      };
      stop_at(saved_at);
      const std::string state = read_file(killed.files().state);
      stop_at(12);
      write_file(killed.files().state, state);
      write_file(killed.files().log,
                 read_file(killed.files().log) + R"({"step": 12, "nats_per_to)");
      CHECK(killed.train().step == 13);
      check_same_end(killed, whole);
    }
  }
}

TEST_CASE("A run that is done trains no further", "[training]") {
  const TemporaryFolder folder;
  Run run(folder.path(), busy_recipe());
  run.train();
  const std::string state = sha256_of_file(run.files().state);
  const auto log = run.log();
  CHECK(run.train().step == 13);
  CHECK(sha256_of_file(run.files().state) == state);
  CHECK(run.log() == log);
}

TEST_CASE("A state goes on under options younger than it, at the defaults it was made under",
          "[training]") {
  const TemporaryFolder folder;
  std::atomic<bool> stop = true;
  Run(folder.path(), busy_recipe()).train(&stop);
  Run later(folder.path(), busy_recipe());
  later.identity().wanted["model.new"] = later.identity().defaults["model.new"] = "1";
  CHECK(later.train().step == 13);
}

TEST_CASE("A lost checkpoint of a finished run is written again from the state", "[training]") {
  const TemporaryFolder folder;
  Run run(folder.path(), busy_recipe());
  run.train();
  const std::string weights = sha256_of_file(run.files().checkpoint);
  fs::remove(run.files().checkpoint);
  CHECK(run.train().first_step == 13);
  CHECK(sha256_of_file(run.files().checkpoint) == weights);
}

TEST_CASE("A state of another run is refused, saying what differs", "[training]") {
  const TemporaryFolder folder;
  Run(folder.path(), busy_recipe()).train();
  const fs::path state = folder / "state.safetensors";
  const std::string before = sha256_of_file(state);
  SECTION("another model") {
    ModelOptions wider = tiny_model();
    wider.feedforward = 25;
    Run other(folder.path(), busy_recipe(), wider);
    CHECK(contains(user_error_text([&] { other.train(); }), "feedforward.down.weight"));
  }
  SECTION("another optimizer") {
    TrainingOptions options = busy_recipe();
    options.optimizer = "sgd";
    Run other(folder.path(), options);
    CHECK(contains(user_error_text([&] { other.train(); }), state.string()));
  }
  SECTION("other metadata") {
    Run other(folder.path(), busy_recipe());
    other.identity().wanted["name"] = "else";
    CHECK(contains(user_error_text([&] { other.train(); }), "its name is test, here it is else"));
  }
  SECTION("an option younger than the state, with another value than its default") {
    Run other(folder.path(), busy_recipe());
    other.identity().wanted["model.new"] = "2";
    other.identity().defaults["model.new"] = "1";
    CHECK(contains(user_error_text([&] { other.train(); }), "its model.new is 1, here it is 2"));
  }
  CHECK(sha256_of_file(state) == before);
}

TEST_CASE("A state at no place of the run is refused", "[training]") {
  const TemporaryFolder folder;
  Run run(folder.path(), busy_recipe());
  run.train();
  const double kNone = std::numeric_limits<double>::quiet_NaN();
  // Step, sum of nats, steps summed over, best nats.
  const std::vector<std::vector<double>> forged = {
      {14, 0, 0, 1},    {-1, 0, 0, 1},    {2.5, 0, 0, 1}, {1e300, 0, 0, 1},
      {kNone, 0, 0, 1}, {3, kNone, 0, 1}, {3, 0, 4, 1},   {3, 0, 0, kNone}};
  for (const auto& place : forged) {
    CAPTURE(place);
    overwrite_place(run.files().state, place);
    CHECK(contains(user_error_text([&] { run.train(); }), run.files().state.string()));
  }
  overwrite_place(run.files().state, {11, 0, 1, 1});
  CHECK(run.train().step == 13);
}

TEST_CASE("Saved states need not fall on logged steps", "[training]") {
  const TemporaryFolder folder;
  TrainingOptions options = busy_recipe();
  options.validate_every = 0;
  options.log_every = 6;
  options.checkpoint_every = 4;
  Run whole(folder / "whole", options);
  whole.train();
  CHECK(steps_of(whole.log()) == std::vector<int64_t>{6, 12, 13});

  // A crash in the validation after step 5 leaves the state of step 4, in the middle of a mean.
  Run crashed(folder / "crashed", options);
  crashed.options().validate_every = 5;
  TrainingHooks hooks;
  hooks.validate = []() -> double { throw std::runtime_error("crash"); };
  CHECK_THROWS_AS(crashed.train_with(hooks), std::runtime_error);
  CHECK(crashed.step_in(crashed.files().checkpoint) == "4");
  crashed.options().validate_every = 0;
  crashed.train();
  CHECK(sha256_of_file(crashed.files().state) == sha256_of_file(whole.files().state));
  CHECK(crashed.log() == whole.log());
}

TEST_CASE("The best checkpoint is that of the lowest validation", "[training]") {
  const TemporaryFolder folder;
  TrainingOptions options = busy_recipe();
  options.steps = 12;
  options.validate_every = 2;
  Run run(folder.path(), options);
  const std::vector<double> values = {3, 1, 2, 1, std::numeric_limits<double>::quiet_NaN(), 2};
  size_t asked = 0;
  TrainingHooks hooks;
  hooks.validate = [&] { return values.at(asked++); };
  run.train_with(hooks);
  CHECK(asked == 6);
  CHECK(run.step_in(run.files().best) == "4");
  CHECK(run.step_in(run.files().checkpoint) == "12");
}

TEST_CASE("Progress is reported with what is left", "[training]") {
  const TemporaryFolder folder;
  Run run(folder.path(), busy_recipe());
  std::vector<TrainingProgress> reports;
  TrainingHooks hooks;
  hooks.report = [&](const TrainingProgress& progress) { reports.push_back(progress); };
  run.train_with(hooks);
  REQUIRE(reports.size() == 3);  // steps 5, 10 and 13: nothing validates
  CHECK(reports[1].step == 10);
  CHECK_FALSE(reports[1].validation_nats_per_token);
  CHECK(reports[1].seconds_left ==
        Approx(3 * 2 * 10 * 3 / reports[1].tokens_per_second));  // 3 steps of 60 tokens
  CHECK(reports[2].seconds_left == 0);
}

TEST_CASE("Accumulated passes are one larger batch", "[training]") {
  const TemporaryFolder folder;
  TrainingOptions options = busy_recipe();
  options.optimizer = "sgd";
  options.learning_rate = 0.1;
  options.steps = 5;
  Run parts(folder / "parts", options);
  parts.train();
  options.batch_windows = 6;
  options.accumulation = 1;
  Run at_once(folder / "at_once", options);
  at_once.train();
  const NamedTensors one = named_parameters(*parts.model()),
                     other = named_parameters(*at_once.model());
  for (const auto& [name, parameter] : one) {
    CAPTURE(name);
    CHECK(largest_difference(parameter, other.at(name)) < 1e-6);
  }
}

TEST_CASE("The training seed alone decides windows and dropout", "[training]") {
  const TemporaryFolder folder;
  Run one(folder / "one", busy_recipe(), with_dropout());
  one.train();
  torch::manual_seed(99);  // what was drawn elsewhere does not matter
  Run again(folder / "again", busy_recipe(), with_dropout());
  again.train();
  check_same_end(again, one);

  TrainingOptions options = busy_recipe();
  options.seed = 4;
  Run other(folder / "other", options, with_dropout());
  other.train();
  CHECK(sha256_of_file(other.files().checkpoint) != sha256_of_file(one.files().checkpoint));
}

TEST_CASE("A loss that is not finite fails with the step and the option, and loses nothing",
          "[training]") {
  const TemporaryFolder folder;
  TrainingOptions options = busy_recipe();
  options.warmup_steps = 0;
  options.steps = 6;
  options.schedule = "constant";
  Run run(folder.path(), options);
  run.train();
  const std::string checkpoint = sha256_of_file(run.files().checkpoint),
                    state = sha256_of_file(run.files().state);

  run.options().steps = 20;
  run.options().checkpoint_every = 100;
  run.options().learning_rate = 1e30;
  const std::string line = failure_of(run);
  CHECK(line.find("step 8: ") == 0);  // step 7 throws the weights away
  CHECK(line.find("training.learning_rate (1e+30)") != std::string::npos);
  CHECK(line.find(run.files().checkpoint.string()) != std::string::npos);
  CHECK(sha256_of_file(run.files().checkpoint) == checkpoint);
  CHECK(sha256_of_file(run.files().state) == state);

  run.options().learning_rate = 1e-3;
  CHECK(run.train().step == 20);
}

TEST_CASE("A failure before the first save says that nothing was saved", "[training]") {
  const TemporaryFolder folder;
  TrainingOptions options = busy_recipe();
  options.warmup_steps = 0;
  options.checkpoint_every = 100;
  options.learning_rate = 1e30;
  Run run(folder.path(), options);
  const std::string line = failure_of(run);
  CHECK(line.find("step 2: ") == 0);
  CHECK(line.find("no checkpoint had been written yet") != std::string::npos);
  CHECK_FALSE(fs::exists(run.files().state));
}

TEST_CASE("A new run without a state begins a new log", "[training]") {
  const TemporaryFolder folder;
  Run run(folder.path(), busy_recipe());
  write_file(run.files().log, "{\"step\": 1, \"old\": true}\n");
  run.train();
  CHECK(run.log().front().at("step") == 4);
}

}  // namespace lengthwise
