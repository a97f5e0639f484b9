#include "report/statistics/forgetful_readers.h"

#include "evaluation/exact_nats.h"
#include "test.h"

using namespace lengthwise;

namespace {

struct Case {
  int64_t length, stride, window_targets, memory;
};

}  // namespace

TEST_CASE("A forgetful reader's single pass gives what it gives in every window", "[report]") {
  const auto [length, stride, window_targets, memory] = GENERATE(values<Case>({
      {16, 16, 16, 4},
      {17, 17, 17, 6},  // every other window starts on an answer
      {33, 5, 5, 8},
      {33, 1, 1, 32},
      {33, 1, 1, 34},
      {64, 7, 3, 16},
  }));
  INFO("length " << length << ", stride " << stride << ", memory " << memory);
  const TokenStream stream = generate_ideal_reader(standard_law(), 7, 3, 60);
  const ReadingOrder reading(stream, "none", std::nullopt);
  const auto windows = plan_windows(reading.document_targets(), {length, stride, window_targets});
  const ExactReader reader(standard_law());
  const std::vector<double> exact = exact_nats(
      [&](std::span<const int64_t> window) { return reader.nats(window); }, reading, windows);
  const std::vector<double> forgetful =
      ForgetfulReaders(reader, stream).nats(memory, scored_tokens(reading, windows), exact);

  std::vector<double> wanted, wanted_exact;
  for (const Window& window : windows) {
    const int64_t begin = stream.documents()[static_cast<size_t>(window.document)].begin;
    std::vector<int64_t> tokens;
    for (int64_t k = window.first_input; k <= window.end_target; ++k) {
      tokens.push_back(stream[begin + k]);
    }
    const auto limited = ideal_nats(standard_law(), tokens, memory);
    const auto all = ideal_nats(standard_law(), tokens);
    wanted.insert(wanted.end(), limited.end() - window.targets(), limited.end());
    wanted_exact.insert(wanted_exact.end(), all.end() - window.targets(), all.end());
  }
  REQUIRE(forgetful.size() == wanted.size());
  for (size_t i = 0; i < wanted.size(); ++i) {
    REQUIRE(exact[i] == Approx(wanted_exact[i]).epsilon(1e-12));
    REQUIRE(forgetful[i] == Approx(wanted[i]).epsilon(1e-6));  // a pass is kept in 32 bits
  }
}

TEST_CASE("Memories double from the least and end below the length", "[report]") {
  CHECK(memories_below(64) == std::vector<int64_t>{4, 8, 16, 32});
  CHECK(memories_below(65) == std::vector<int64_t>{4, 8, 16, 32, 64});
  CHECK(memories_below(4).empty());
}
