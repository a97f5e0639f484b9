#include "evaluation/protocol.h"

#include "evaluation/options.h"
#include "test.h"
#include "user_error_text.h"

namespace lengthwise {
namespace {

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

}  // namespace

TEST_CASE("Sliding by the whole length is non_overlapping", "[evaluation]") {
  const auto sliding = options_of("sliding", 16, {16}).layout_at(16),
             side_by_side = options_of("non_overlapping", 0, {16}).layout_at(16);
  CHECK(sliding.stride == side_by_side.stride);
  CHECK(sliding.window_targets == side_by_side.window_targets);
  CHECK(sliding.skipped == 0);
  CHECK(side_by_side.skipped == 0);
  CHECK(options_of("non_overlapping", 0, {16, 512}).layout_at(512).stride == 512);
  CHECK(options_of("sliding", 16, {16, 512}).layout_at(512).stride == 16);
}

TEST_CASE("last_k scores the same targets at every length, from windows that are nearly full",
          "[evaluation]") {
  const std::vector<int64_t> documents{100, 31, 32, 70};
  for (const int64_t stride : {0, 5, 9, 50}) {
    for (const int64_t max_tokens : {0, 13}) {
      EvaluationOptions options = options_of("last_k", stride, {8, 20, 32});
      options.last = 5;
      options.max_tokens = max_tokens;
      REQUIRE(refusal(options).empty());
      std::vector<std::pair<int64_t, int64_t>> first_scored;
      for (const int64_t length : options.lengths) {
        CAPTURE(stride, max_tokens, length);
        const auto windows = plan_windows(documents, options.layout_at(length));
        std::vector<std::pair<int64_t, int64_t>> scored;
        bool nearly_full = true;
        for (const Window& window : windows) {
          for (int64_t target = window.first_target; target < window.end_target; ++target) {
            scored.emplace_back(window.document, target);
            const int64_t context = target - window.first_input + 1;
            nearly_full = nearly_full && context > length - 5 && context <= length;
            // As many tokens stand before it as the longest window holds.
            nearly_full = nearly_full && target + 1 >= 32;
          }
        }
        CHECK(nearly_full);
        if (first_scored.empty()) first_scored = scored;
        CHECK(scored == first_scored);
        if (max_tokens > 0) CHECK(scored.size() == 13);
        // All that have them are scored where windows follow one another: targets 31 and on.
        if (max_tokens == 0 && stride <= 5) CHECK(scored.size() == 69 + 0 + 1 + 39);
        if (max_tokens == 0 && stride == 50) CHECK(scored.size() == 10 + 0 + 1 + 5);
      }
    }
  }
}

TEST_CASE("The paper's own counting has a name of its own", "[evaluation]") {
  EvaluationOptions options = options_of("sliding", 4, {16});
  CHECK(options.protocol_label() == "sliding");
  options.counting = "paper";
  CHECK(options.protocol_label() == "paper_sliding");
  CHECK(refusal(options).empty());
  options.first_token = "none";
  CHECK(contains(refusal(options), "evaluation.first_token: none"));
}

TEST_CASE("What last_k scores must fit its windows and its stride", "[evaluation]") {
  const auto last_k = [](int64_t last, int64_t stride) {
    EvaluationOptions options = options_of("last_k", stride, {64, 16});
    options.last = last;
    return refusal(options);
  };
  CHECK(last_k(16, 0).empty());
  CHECK(last_k(4, 100).empty());
  CHECK(contains(last_k(0, 0), "evaluation.last: 0"));
  CHECK(contains(last_k(17, 0), "evaluation.lengths, 16"));
  CHECK(contains(last_k(4, 3), "evaluation.stride: 3"));
  for (const char* protocol : {"sliding", "non_overlapping"}) {
    EvaluationOptions options = options_of(protocol, 0, {64});
    options.stride = options.protocol == "sliding" ? 8 : 0;
    options.last = 4;
    CHECK(contains(refusal(options), "evaluation.last: 4"));
  }
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
