#pragma once

#include <cstdint>
#include <string>

namespace lengthwise {

class OptionSet;

/// [training]: the recipe, the same for every scheme.
struct TrainingOptions {
  int64_t seed = 1;
  int64_t steps = 1200;
  int64_t batch_windows = 16;
  int64_t batch_tokens = 0;  // 0: batch_windows; else these decide how many windows
  std::string order = "random";
  int64_t accumulation = 1;
  std::string optimizer = "adamw";
  double learning_rate = 8e-3;
  double beta1 = 0.9;
  double beta2 = 0.98;
  double epsilon = 1e-8;
  double momentum = 0.9;
  double weight_decay = 0.01;
  double clip_norm = 1;
  std::string schedule = "cosine";
  int64_t warmup_steps = -1;  // warmup() says what that is
  double warmup_learning_rate = 0;
  double final_learning_rate = 0.05;
  int64_t period_steps = -1;  // -1: all after warm-up
  double period_factor = 1;
  double period_shrink = 1;
  int64_t log_every = 50;
  int64_t validate_every = 0;
  int64_t validation_tokens = 65536;
  int64_t checkpoint_every = 500;
  bool tensorboard = false;

  void declare(OptionSet& options);
  void validate() const;
  /// warmup_steps, where they are left open 50 or, where these are fewer, half of all steps.
  int64_t warmup() const;
  /// Windows a forward pass.
  int64_t windows_of(int64_t train_length) const {
    return batch_tokens > 0 ? batch_tokens / train_length : batch_windows;
  }
  /// UserError where batch_tokens are no whole windows of that length.
  void check_batch(int64_t train_length) const;
};

}  // namespace lengthwise
