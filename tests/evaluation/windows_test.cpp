#include "evaluation/windows.h"

#include <algorithm>
#include <stdexcept>

#include "base/random.h"
#include "test.h"

namespace lengthwise {
namespace {

/// What is laid over what.
struct Plan {
  std::vector<int64_t> document_targets;
  WindowLayout layout;

  std::vector<Window> windows() const { return plan_windows(document_targets, layout); }
};

WindowLayout moved_by(int64_t stride, int64_t length, int64_t max_targets = 0) {
  return {length, stride, stride, 0, max_targets};
}

Plan random_plan(SplitMix64& random) {
  const auto between = [&](int64_t least, int64_t most) {
    return least + static_cast<int64_t>(random.below(static_cast<uint64_t>(most - least + 1)));
  };
  Plan plan{};
  for (int64_t left = between(1, 6); left > 0; --left) {
    plan.document_targets.push_back(between(0, 60));
  }
  plan.layout.length = between(1, 25);
  plan.layout.window_targets = between(1, plan.layout.length);
  plan.layout.stride = plan.layout.window_targets + (between(0, 3) == 0 ? between(0, 30) : 0);
  plan.layout.skipped = between(0, 2) == 0 ? between(0, 30) : 0;
  plan.layout.max_targets = between(0, 2) == 0 ? between(1, 120) : 0;
  return plan;
}

/// A target of a document, and the inputs it is predicted from.
struct Scored {
  int64_t document, target, context;

  bool operator==(const Scored&) const = default;
};

/// One target at a time: behind those skipped, steps begin at each multiple of the stride and score
/// their first targets; a window reaches length - window_targets places back, or to the beginning.
std::vector<Scored> expected_scores(const Plan& plan) {
  const WindowLayout& layout = plan.layout;
  std::vector<Scored> scores;
  for (size_t document = 0; document < plan.document_targets.size(); ++document) {
    for (int64_t target = layout.skipped; target < plan.document_targets[document]; ++target) {
      if (layout.max_targets > 0 && static_cast<int64_t>(scores.size()) == layout.max_targets)
        break;
      const int64_t place = (target - layout.skipped) % layout.stride;
      if (place >= layout.window_targets) continue;
      const int64_t oldest =
          std::max<int64_t>(0, target - place + layout.window_targets - layout.length);
      scores.push_back({static_cast<int64_t>(document), target, target - oldest + 1});
    }
  }
  return scores;
}

std::vector<Scored> scores_of(const std::vector<Window>& windows) {
  std::vector<Scored> scores;
  for (const Window& window : windows) {
    for (int64_t target = window.first_target; target < window.end_target; ++target) {
      scores.push_back({window.document, target, target - window.first_input + 1});
    }
  }
  return scores;
}

bool same(const Window& one, const Window& other) {
  return one.document == other.document && one.first_input == other.first_input &&
         one.first_target == other.first_target && one.end_target == other.end_target;
}

}  // namespace

TEST_CASE("WikiText-103's 217,646 validation targets lie in the recipe's windows", "[evaluation]") {
  // Counts of windows and the size of the last by division: 425 * 512 + 46, 70 * 3072 + 2606.
  const std::vector<int64_t> targets{217646};
  const auto at_512 = plan_windows(targets, moved_by(512, 512));
  CHECK(at_512.size() == 426);
  CHECK(at_512.front().inputs() == 512);
  CHECK(at_512.back().targets() == 46);
  CHECK(at_512.back().inputs() == 46);
  CHECK(scored_targets(at_512) == 217646);
  const auto at_3072 = plan_windows(targets, moved_by(3072, 3072));
  CHECK(at_3072.size() == 71);
  CHECK(at_3072.back().targets() == 2606);
  CHECK(scored_targets(at_3072) == 217646);
}

TEST_CASE("Targets are scored once, in order, each from the window that is its own",
          "[evaluation]") {
  SplitMix64 random(42);
  for (int trial = 0; trial < 2000; ++trial) {
    const Plan plan = random_plan(random);
    CAPTURE(trial, plan.document_targets, plan.layout.length, plan.layout.stride,
            plan.layout.window_targets, plan.layout.skipped, plan.layout.max_targets);
    const auto windows = plan.windows();
    bool inside = true;
    for (const Window& window : windows) {
      const int64_t targets = plan.document_targets[static_cast<size_t>(window.document)];
      // Input k and target k of a document with N targets are tokens k and k + 1 of N + 1.
      inside = inside && window.first_input >= 0 && window.first_input <= window.first_target &&
               window.first_target < window.end_target && window.end_target <= targets &&
               window.inputs() <= plan.layout.length &&
               window.targets() <= plan.layout.window_targets;
    }
    const auto expected = expected_scores(plan);
    const bool as_expected = scores_of(windows) == expected;
    REQUIRE(inside);
    REQUIRE(as_expected);
    REQUIRE(scored_targets(windows) == static_cast<int64_t>(expected.size()));
  }
}

TEST_CASE("The mean context is that of the targets, counted one by one", "[evaluation]") {
  SplitMix64 random(43);
  for (int trial = 0; trial < 500; ++trial) {
    const Plan plan = random_plan(random);
    const auto scores = expected_scores(plan);
    double sum = 0;
    for (const Scored& score : scores) sum += static_cast<double>(score.context);
    const double expected = scores.empty() ? 0 : sum / static_cast<double>(scores.size());
    REQUIRE(mean_context(plan.windows()) == Approx(expected).epsilon(1e-12));
  }
  // Windows of 4 see 1, 2, 3, 4 inputs; moved by 1 all but the first three see 4.
  const std::vector<int64_t> targets{8};
  CHECK(mean_context(plan_windows(targets, moved_by(4, 4))) == 2.5);
  CHECK(mean_context(plan_windows(targets, moved_by(1, 4))) == (1 + 2 + 3 + 5 * 4) / 8.0);
}

TEST_CASE("Windows that skip a document's start see no less than their last targets must",
          "[evaluation]") {
  // Three targets a window of 8, the first that has 8 tokens before it on: 6, 7 and 8 are seen.
  const std::vector<int64_t> targets{20, 7, 8};
  const auto windows = plan_windows(targets, {8, 3, 3, 7, 0});
  REQUIRE(windows.size() == 6);
  CHECK(same(windows[0], {0, 2, 7, 10}));
  CHECK(same(windows[4], {0, 14, 19, 20}));  // the last is short: no more context than the others
  CHECK(same(windows[5], {2, 2, 7, 8}));
}

TEST_CASE("A document without targets has no windows", "[evaluation]") {
  CHECK(plan_windows(std::vector<int64_t>{0}, moved_by(8, 8)).empty());
  CHECK(plan_windows(std::vector<int64_t>{1}, moved_by(8, 8)).size() == 1);
  CHECK(mean_context({}) == 0);
}

TEST_CASE("A limit on targets keeps the first ones of the split", "[evaluation]") {
  const std::vector<int64_t> targets{10, 10, 10};
  const auto windows = plan_windows(targets, moved_by(4, 4, 13));
  REQUIRE(windows.size() == 4);
  CHECK(same(windows[2], {0, 8, 8, 10}));
  CHECK(same(windows[3], {1, 0, 0, 3}));
  CHECK(plan_windows(targets, moved_by(4, 4, 1000)).size() == 9);
  CHECK(plan_windows(targets, moved_by(4, 4, 10)).size() == 3);
}

TEST_CASE("A layout that cannot lie over a document is our own mistake", "[evaluation]") {
  const std::vector<int64_t> targets{10};
  CHECK_THROWS_AS(plan_windows(targets, moved_by(0, 4)), std::invalid_argument);
  CHECK_THROWS_AS(plan_windows(targets, moved_by(5, 4)), std::invalid_argument);
  CHECK_THROWS_AS(plan_windows(targets, {8, 2, 3, 0, 0}), std::invalid_argument);
  CHECK_THROWS_AS(plan_windows(targets, {8, 2, 2, -1, 0}), std::invalid_argument);
}

}  // namespace lengthwise
