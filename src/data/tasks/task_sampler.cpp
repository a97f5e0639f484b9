#include "data/tasks/task_sampler.h"

#include <algorithm>
#include <stdexcept>

namespace lengthwise {

TaskSampler::TaskSampler(const Task& task, int64_t length, uint64_t seed)
    : task_(task), length_(length), seed_(seed) {
  check_task_length(task, "model.train_length", length);
}

void TaskSampler::draw(int64_t index, std::span<int64_t> inputs, std::span<int64_t> targets) const {
  const auto length = static_cast<size_t>(length_);
  if (inputs.size() != length || targets.size() != length) {
    throw std::invalid_argument("a window holds as many inputs and targets as the train length");
  }
  SplitMix64 random = split_stream(seed_, static_cast<uint64_t>(index));
  const auto lengths = static_cast<uint64_t>(length_ - task_.shortest + 1);
  const auto drawn = task_.shortest + static_cast<int64_t>(random.below(lengths));
  const TaskExample example = draw_example(task_, seed_, TaskSplit::train, index, drawn);

  std::ranges::fill(inputs, kPadToken);
  std::ranges::fill(targets, -1);
  std::copy(example.tokens.begin(), example.tokens.end() - 1, inputs.begin());
  for (const int64_t answer : example.answers) {
    const auto at = static_cast<size_t>(answer);
    targets[at - 1] = example.tokens[at];
  }
}

}  // namespace lengthwise
