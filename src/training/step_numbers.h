#pragma once

#include <c10/core/Event.h>

#include <deque>
#include <optional>

#include "base/torch.h"

namespace lengthwise {

/// What the log says of a step.
struct StepNumbers {
  int64_t step;  // counted from 1
  double nats;
  double gradient_norm;  // before clipping
};

/// Numbers on their way from the device. The CPU has them at once; a CUDA device is given its next
/// step before those of the last are waited for, so that it never stands idle for them.
class StepNumbersQueue {
 public:
  explicit StepNumbersQueue(const torch::Device& device) : device_(device) {}

  /// nats and norm are scalars on the device.
  void push(int64_t step, const torch::Tensor& nats, const torch::Tensor& gradient_norm);
  /// The oldest that is to be looked at now; of those still under way only where `all` are wanted.
  enum class Take { ready, all };
  std::optional<StepNumbers> pop(Take take);

 private:
  struct UnderWay {
    int64_t step;
    torch::Tensor numbers;  // [2] float64 on the CPU, filled when the event has happened
    c10::Event arrived;
  };

  torch::Device device_;
  std::deque<UnderWay> queue_;
};

}  // namespace lengthwise
