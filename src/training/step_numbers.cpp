#include "training/step_numbers.h"

#include <c10/core/impl/VirtualGuardImpl.h>

namespace lengthwise {

void StepNumbersQueue::push(int64_t step, const torch::Tensor& nats,
                            const torch::Tensor& gradient_norm) {
  const auto numbers =
      torch::stack({nats.detach().to(torch::kFloat64), gradient_norm.to(torch::kFloat64)});
  UnderWay under_way{step, numbers, c10::Event(device_.type())};
  if (device_.is_cuda()) {
    under_way.numbers =
        torch::empty({2}, torch::TensorOptions(torch::kFloat64).pinned_memory(true));
    under_way.numbers.copy_(numbers, /*non_blocking=*/true);
    under_way.arrived.record(c10::impl::VirtualGuardImpl(device_.type()).getStream(device_));
  }
  queue_.push_back(std::move(under_way));
}

std::optional<StepNumbers> StepNumbersQueue::pop(Take take) {
  const size_t left_under_way = take == Take::ready && device_.is_cuda() ? 1 : 0;
  if (queue_.size() <= left_under_way) return std::nullopt;
  const UnderWay oldest = std::move(queue_.front());
  queue_.pop_front();
  if (device_.is_cuda()) oldest.arrived.synchronize();
  const auto* numbers = oldest.numbers.const_data_ptr<double>();
  return StepNumbers{oldest.step, numbers[0], numbers[1]};
}

}  // namespace lengthwise
