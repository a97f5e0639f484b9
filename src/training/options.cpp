#include "training/options.h"

#include <algorithm>

#include "base/error.h"
#include "base/options.h"
#include "training/optimizer.h"
#include "training/schedule.h"

namespace lengthwise {
namespace {

// Far beyond any machine, and small enough that counts of tokens do not overflow.
constexpr int64_t kMostSteps = 1'000'000'000, kMostWindows = 65'536;
constexpr int64_t kMostTokens = 1 << 30;

int64_t default_warmup(int64_t steps) {
  return std::min<int64_t>(50, steps / 2);
}

}  // namespace

void TrainingOptions::declare(OptionSet& options) {
  options.role(OptionRole::weights);
  options
      .add("training.seed", seed, "decides the initial weights, the windows drawn and dropout",
           AtLeast{0})
      .along("experiment.seeds");
  options.add("training.steps", steps, "updates of the weights", Between<int64_t>{1, kMostSteps});
  options
      .add("training.batch_windows", batch_windows, "windows a forward pass",
           Between<int64_t>{1, kMostWindows})
      .read_when([this] { return batch_tokens == 0; }, "training.batch_tokens = 0");
  options.add("training.batch_tokens", batch_tokens,
              "tokens a forward pass, in whole windows: the same for every train length; 0: "
              "training.batch_windows",
              Between<int64_t>{0, kMostTokens});
  options.add("training.order", order,
              "of the windows: random, each drawn anew from all starts, or blocks, side by side "
              "and each once an epoch",
              OneOf{{"random", "blocks"}});
  options.add("training.accumulation", accumulation, "forward passes an update",
              Between<int64_t>{1, kMostWindows});
  options.add("training.optimizer", optimizer,
              "adamw, sgd (Nesterov momentum), or nag (the same for rates that change, as fairseq)",
              OneOf{optimizer_names()});
  options.add("training.learning_rate", learning_rate, "the highest of the schedule", AtLeast{0.0});
  const auto read_by = [&](Option& option, const std::string& name) {
    option.read_when([this, name] { return optimizer == name; }, "training.optimizer = " + name);
  };
  read_by(options.add("training.beta1", beta1, "adamw: decay of the mean gradient",
                      Between{0.0, 0.9999999}),
          "adamw");
  read_by(options.add("training.beta2", beta2, "adamw: decay of the mean square",
                      Between{0.0, 0.9999999}),
          "adamw");
  read_by(options.add("training.epsilon", epsilon, "adamw: added to the root of the mean square",
                      AtLeast{0.0}),
          "adamw");
  options
      .add("training.momentum", momentum, "sgd and nag: decay of the velocity",
           Between{0.0, 0.9999999})
      .read_when([this] { return optimizer != "adamw"; }, "training.optimizer = sgd or nag");
  options.add("training.weight_decay", weight_decay,
              "decoupled from the gradient, on matrices alone (not norms, not biases)",
              AtLeast{0.0});
  options.add("training.clip_norm", clip_norm, "longest gradient of all weights; 0: any",
              AtLeast{0.0});
  options.add("training.schedule", schedule, "of the learning rate after warm-up",
              OneOf{schedule_names()});
  options.add("training.warmup_steps", warmup_steps,
              "steps of linear growth from 0; -1: 50, or half of the steps where these are few",
              AtLeast{-1});
  options.add("training.warmup_learning_rate", warmup_learning_rate,
              "the first step's, from which warm-up grows; 0: the first of equal steps from 0",
              AtLeast{0.0});
  const auto read_by_cosine = [this](Option& option) -> Option& {
    return option.read_when([this] { return schedule == "cosine"; }, "training.schedule = cosine");
  };
  read_by_cosine(options.add("training.final_learning_rate", final_learning_rate,
                             "cosine: last learning rate as a part of the highest",
                             Between{0.0, 1.0}));
  read_by_cosine(options.add("training.period_steps", period_steps,
                             "cosine: steps from the highest to the last learning rate, after "
                             "which it starts again; -1: all after warm-up",
                             AtLeast{-1}));
  const auto read_with_periods = [&](Option& option) {
    read_by_cosine(option).read_when([this] { return period_steps > 0; },
                                     "training.period_steps above 0");
  };
  read_with_periods(options.add("training.period_factor", period_factor,
                                "cosine: how much longer a period is than the one before",
                                AtLeast{1.0}));
  read_with_periods(options.add("training.period_shrink", period_shrink,
                                "cosine: the highest and last rates as a part of those of the "
                                "period before",
                                Between{0.0, 1.0}));
  options.add("training.log_every", log_every, "steps a line of train.jsonl averages", AtLeast{1})
      .as(OptionRole::presentation);
  options.add("training.validate_every", validate_every,
              "steps between measurements on the valid split, which choose the best checkpoint; "
              "0: none",
              AtLeast{0});
  options
      .add("training.validation_tokens", validation_tokens,
           "tokens of the valid split scored each time; 0: all; of a task 256 examples", AtLeast{0})
      .read_when([this] { return validate_every > 0; }, "training.validate_every above 0");
  options
      .add("training.checkpoint_every", checkpoint_every,
           "steps between the states a killed run goes on from", AtLeast{1})
      .as(OptionRole::machine);
  options
      .add("training.tensorboard", tensorboard,
           "write the log as events for TensorBoard too, into tensorboard/ of the run folder")
      .as(OptionRole::presentation);
}

void TrainingOptions::validate() const {
  if (warmup_steps >= steps && warmup_steps > 0) {
    fail("training.warmup_steps: {} leaves nothing of training.steps {}; -1 takes {}", warmup_steps,
         steps, default_warmup(steps));
  }
  if (period_steps == 0) {
    fail("training.period_steps: 0 is no period; -1 takes all steps after warm-up");
  }
  if (warmup_learning_rate > learning_rate) {
    fail("training.warmup_learning_rate: {} is above training.learning_rate {}",
         warmup_learning_rate, learning_rate);
  }
}

void TrainingOptions::check_batch(int64_t train_length) const {
  if (batch_tokens == 0 || (batch_tokens >= train_length && batch_tokens % train_length == 0)) {
    return;
  }
  fail("training.batch_tokens: {} are no whole windows of model.train_length {}; {} are",
       batch_tokens, train_length,
       std::max<int64_t>(1, batch_tokens / train_length) * train_length);
}

int64_t TrainingOptions::warmup() const {
  return warmup_steps < 0 ? default_warmup(steps) : warmup_steps;
}

}  // namespace lengthwise
