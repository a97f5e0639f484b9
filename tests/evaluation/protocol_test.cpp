#include "evaluation/protocol.h"

#include <algorithm>

#include "base/random.h"
#include "evaluation/options.h"
#include "test.h"
#include "user_error_text.h"

namespace lengthwise {
namespace {

TokenStream stream_of(const std::vector<int64_t>& document_sizes) {
  std::vector<Document> documents;
  int64_t end = 0;
  for (const int64_t size : document_sizes) {
    documents.push_back({end, end + size, 0, 0, 0});
    end += size;
  }
  return TokenStream::from_tokens(std::vector<uint32_t>(static_cast<size_t>(end), 0),
                                  std::move(documents), 1);
}

/// What is laid over what.
struct Plan {
  std::vector<int64_t> document_sizes;
  bool has_start_token;
  int64_t length, stride, max_targets;

  int64_t targets_of(size_t document) const {
    return document_sizes[document] - (has_start_token ? 0 : 1);
  }
  std::vector<Window> windows() const {
    return plan_windows(stream_of(document_sizes), has_start_token, length, stride, max_targets);
  }
};

Plan random_plan(SplitMix64& random) {
  const auto between = [&](int64_t least, int64_t most) {
    return least + static_cast<int64_t>(random.below(static_cast<uint64_t>(most - least + 1)));
  };
  Plan plan;
  for (int64_t left = between(1, 6); left > 0; --left) {
    plan.document_sizes.push_back(between(1, 60));
  }
  plan.has_start_token = between(0, 1) == 1;
  plan.length = between(1, 25);
  plan.stride = between(1, plan.length);
  plan.max_targets = between(0, 2) == 0 ? between(1, 120) : 0;
  return plan;
}

/// A target of a document, and the inputs it is predicted from.
struct Scored {
  int64_t document, target, context;

  bool operator==(const Scored&) const = default;
};

/// One target at a time: the windows' steps begin at each multiple of the stride, a window reaches
/// length - stride places back from its step, or to the beginning.
std::vector<Scored> expected_scores(const Plan& plan) {
  std::vector<Scored> scores;
  for (size_t document = 0; document < plan.document_sizes.size(); ++document) {
    for (int64_t target = 0; target < plan.targets_of(document); ++target) {
      if (plan.max_targets > 0 && static_cast<int64_t>(scores.size()) == plan.max_targets) break;
      const int64_t step = target - target % plan.stride;
      const int64_t oldest = std::max<int64_t>(0, step + plan.stride - plan.length);
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

EvaluationOptions options_of(const std::string& protocol, int64_t stride,
                             const std::vector<int64_t>& lengths) {
  EvaluationOptions options;
  options.protocol = protocol;
  options.stride = stride;
  options.lengths = lengths;
  return options;
}

std::string refusal(const EvaluationOptions& options) {
  return user_error_text([&] { options.validate(); });
}

bool same(const Window& one, const Window& other) {
  return one.document == other.document && one.first_input == other.first_input &&
         one.first_target == other.first_target && one.end_target == other.end_target;
}

}  // namespace

TEST_CASE("WikiText-103's 217,646 validation targets lie in the recipe's windows", "[evaluation]") {
  // Counts of windows and the size of the last by division: 425 * 512 + 46, 70 * 3072 + 2606.
  const TokenStream stream = stream_of({217646});
  const auto at_512 = plan_windows(stream, true, 512, 512, 0);
  CHECK(at_512.size() == 426);
  CHECK(at_512.front().inputs() == 512);
  CHECK(at_512.back().targets() == 46);
  CHECK(at_512.back().inputs() == 46);
  const auto at_3072 = plan_windows(stream, true, 3072, 3072, 0);
  CHECK(at_3072.size() == 71);
  CHECK(at_3072.back().targets() == 2606);
  // Without a start token the first token is only read.
  CHECK(plan_windows(stream, false, 512, 512, 0).back().targets() == 45);
}

TEST_CASE("Every target is scored exactly once, in order, from the window that is its own",
          "[evaluation]") {
  SplitMix64 random(42);
  for (int trial = 0; trial < 2000; ++trial) {
    const Plan plan = random_plan(random);
    CAPTURE(trial, plan.document_sizes, plan.has_start_token, plan.length, plan.stride,
            plan.max_targets);
    const auto windows = plan.windows();
    bool inside = true;
    for (const Window& window : windows) {
      const auto targets = plan.targets_of(static_cast<size_t>(window.document));
      // Input k and target k of a document with N targets are tokens k and k + 1 of N + 1.
      inside = inside && window.first_input >= 0 && window.first_input <= window.first_target &&
               window.first_target < window.end_target && window.end_target <= targets &&
               window.inputs() <= plan.length && window.targets() <= plan.stride;
    }
    const bool as_expected = scores_of(windows) == expected_scores(plan);
    REQUIRE(inside);
    REQUIRE(as_expected);
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
  CHECK(mean_context(plan_windows(stream_of({8}), true, 4, 4, 0)) == 2.5);
  CHECK(mean_context(plan_windows(stream_of({8}), true, 4, 1, 0)) == (1 + 2 + 3 + 5 * 4) / 8.0);
}

TEST_CASE("Sliding by the whole length is non_overlapping", "[evaluation]") {
  const auto sliding = options_of("sliding", 16, {16}),
             side_by_side = options_of("non_overlapping", 0, {16});
  CHECK(sliding.stride_at(16) == 16);
  CHECK(side_by_side.stride_at(16) == 16);
  CHECK(side_by_side.stride_at(512) == 512);
  CHECK(options_of("sliding", 16, {16, 512}).stride_at(512) == 16);
  const TokenStream stream = stream_of({100, 7, 33});
  const auto one = plan_windows(stream, false, 16, sliding.stride_at(16), 0),
             other = plan_windows(stream, false, 16, side_by_side.stride_at(16), 0);
  CHECK(std::ranges::equal(one, other, same));
  for (const Window& window : one) CHECK(window.first_input == window.first_target);
}

TEST_CASE("A document that only its start is read of has no windows", "[evaluation]") {
  CHECK(plan_windows(stream_of({1}), false, 8, 8, 0).empty());
  CHECK(plan_windows(stream_of({1}), true, 8, 8, 0).size() == 1);
  CHECK(mean_context({}) == 0);
}

TEST_CASE("A limit on targets keeps the first ones of the split", "[evaluation]") {
  const TokenStream stream = stream_of({11, 11, 11});  // 10 targets each
  const auto windows = plan_windows(stream, false, 4, 4, 13);
  REQUIRE(windows.size() == 4);
  CHECK(same(windows[2], {0, 8, 8, 10}));
  CHECK(same(windows[3], {1, 0, 0, 3}));
  CHECK(plan_windows(stream, false, 4, 4, 1000).size() == 9);
  CHECK(plan_windows(stream, false, 4, 4, 10).size() == 3);
}

TEST_CASE("Strides that do not fit the protocol are refused", "[evaluation]") {
  CHECK(refusal(options_of("non_overlapping", 0, {64})).empty());
  CHECK(refusal(options_of("sliding", 64, {64, 128})).empty());
  CHECK(contains(refusal(options_of("non_overlapping", 16, {64})), "evaluation.stride: 16"));
  CHECK(contains(refusal(options_of("sliding", 0, {64})), "evaluation.stride: 0"));
  CHECK(contains(refusal(options_of("sliding", 65, {128, 64})), "evaluation.lengths, 64"));
  CHECK(contains(refusal(options_of("sliding", 1, {})), "evaluation.lengths"));
  CHECK(contains(refusal(options_of("slidng", 1, {64})), "did you mean 'sliding'"));
}

}  // namespace lengthwise
