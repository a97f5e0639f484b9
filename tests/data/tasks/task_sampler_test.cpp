#include "data/tasks/task_sampler.h"

#include <algorithm>
#include <map>

#include "test.h"
#include "user_error_text.h"

namespace lengthwise {
namespace {

struct Drawn {
  std::vector<int64_t> inputs, targets;
  bool operator==(const Drawn&) const = default;
};

Drawn draw(const TaskSampler& sampler, int64_t length, int64_t index) {
  const auto size = static_cast<size_t>(length);
  Drawn window{std::vector<int64_t>(size, 99), std::vector<int64_t>(size, 99)};
  sampler.draw(index, window.inputs, window.targets);
  return window;
}

}  // namespace

TEST_CASE("A window of a task is an example, its answers for targets, padded at its end",
          "[data]") {
  const TaskSampler sampler(find_task("copy"), 20, 3);
  for (int64_t index = 0; index < 200; ++index) {
    const Drawn window = draw(sampler, 20, index);
    const auto ask = std::ranges::find(window.inputs, 2) - window.inputs.begin();
    const auto symbols = static_cast<size_t>(ask - 1);
    CAPTURE(index, symbols);
    CHECK(window.inputs[0] == 1);
    for (size_t i = 0; i < 20; ++i) {
      const bool scored = i > symbols && i <= 2 * symbols;
      // The answer is the prompt again: its target number i is symbol i of the prompt.
      CHECK(window.targets[i] == (scored ? window.inputs[i - symbols] : -1));
      const bool answered = i > symbols + 1 && i <= 2 * symbols;
      if (answered) CHECK(window.inputs[i] == window.targets[i - 1]);
      CHECK((window.inputs[i] == kPadToken) == (i > 2 * symbols));
    }
  }
}

TEST_CASE("Training lengths are uniform from the shortest to the train length", "[data]") {
  const TaskSampler sampler(find_task("parity"), 10, 5);
  std::map<int64_t, int> bits;
  for (int64_t index = 0; index < 8000; ++index) {
    const Drawn window = draw(sampler, 10, index);
    ++bits[std::ranges::find(window.inputs, 2) - window.inputs.begin() - 1];
  }
  CHECK(bits.size() == 8);
  CHECK(bits.begin()->first == 1);
  // Binomial with mean 1000 and standard deviation 30: five of them.
  for (const auto& [count, times] : bits) CHECK(std::abs(times - 1000) < 150);
}

TEST_CASE("A window of a task depends on the seed and its number alone", "[data]") {
  const Task& task = find_task("sort");
  const TaskSampler sampler(task, 32, 1), again(task, 32, 1), other(task, 32, 2);
  const Drawn fifth = draw(sampler, 32, 5);
  draw(sampler, 32, 6);
  CHECK(draw(sampler, 32, 5) == fifth);
  CHECK(draw(again, 32, 5) == fifth);
  CHECK(draw(other, 32, 5) != fifth);
  CHECK(draw(sampler, 32, 6) != fifth);
}

TEST_CASE("A train length below a task's shortest example is refused", "[data]") {
  const std::string error = user_error_text([] { TaskSampler(find_task("passkey"), 11, 1); });
  CHECK(contains(error, "model.train_length: 11"));
  CHECK(contains(error, "12 inputs"));
  CHECK_NOTHROW(TaskSampler(find_task("passkey"), 12, 1));
}

}  // namespace lengthwise
