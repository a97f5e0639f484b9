#include "report/statistics/partition.h"

#include <algorithm>
#include <stdexcept>

#include "test.h"

using namespace lengthwise;

namespace {

const Partition& named(const std::vector<Partition>& partitions, const std::string& name) {
  const auto found = std::ranges::find(partitions, name, &Partition::name);
  if (found == partitions.end()) throw std::out_of_range(name);
  return *found;
}

/// The kind of each scored token, in words.
std::vector<std::string> kinds(const Partition& partition) {
  std::vector<std::string> words;
  for (const uint8_t bin : partition.of_token) words.push_back(partition.bins[bin]);
  return words;
}

using Words = std::vector<std::string>;

}  // namespace

TEST_CASE("Contexts, frequencies and repetitions are sorted as counted by hand", "[report]") {
  // Two documents; tokens 0 to 3. The first token of each is only read.
  const std::vector<uint32_t> tokens = {0, 1, 0, 1, 1, 2, 0, 1, /**/ 1, 0, 1, 3};
  SplitTokens split;
  split.stream = TokenStream::from_tokens(tokens, {{0, 8, 0, 0, 0}, {8, 12, 0, 0, 0}}, 4);
  split.train_counts = {9, 10, 0, 1234};
  const ReadingOrder reading(split.stream, "none", std::nullopt);
  const auto windows = plan_windows(reading.document_targets(), {4, 4, 4});
  const ScoredTokens scored = scored_tokens(reading, windows);
  REQUIRE(scored.positions == std::vector<int64_t>{1, 2, 3, 4, 5, 6, 7, 9, 10, 11});
  CHECK(scored.contexts == std::vector<int64_t>{1, 2, 3, 4, 1, 2, 3, 1, 2, 3});
  CHECK(scored.documents == std::vector<int64_t>{0, 0, 0, 0, 0, 0, 0, 1, 1, 1});
  CHECK(scored.runs == std::vector<ScoredRun>{{1, 7}, {9, 3}});

  const auto partitions =
      partition_tokens(split, find_recurrences(split.stream), scored, std::nullopt);
  CHECK(partitions.size() == 4);  // no targets without an exact reader
  CHECK(kinds(named(partitions, kByContext)) ==
        Words{"1", "2", "3-4", "3-4", "1", "2", "3-4", "1", "2", "3-4"});
  CHECK(kinds(named(partitions, kByFrequency)) ==
        Words{"10-99", "1-9", "10-99", "10-99", "0", "1-9", "10-99", "1-9", "10-99", "1000-9999"});
  // Position 6 holds a 0, last seen at 2, out of its window, which begins at 4; position 7 a 1,
  // last seen at 4, the first in sight.
  CHECK(kinds(named(partitions, kByToken)) == Words{"never before", "2", "2", "1", "never before",
                                                    "3-4 (out of the window)", "3-4",
                                                    "never before", "2", "never before"});
  // The pair 0 1 ends at 1, 3, 7 and, in the other document, at 10; at 7 its last end lies 4 back
  // and its first token at 2, out of the window.
  CHECK(kinds(named(partitions, kByBigram)) ==
        Words{"never before", "never before", "2", "never before", "never before", "never before",
              "3-4 (out of the window)", "never before", "never before", "never before"});
}

TEST_CASE("A pair is in sight only with both its tokens", "[report]") {
  const std::vector<uint32_t> tokens = {2, 0, 1, 0, 1};
  SplitTokens split;
  split.stream = TokenStream::from_tokens(tokens, {{0, 5, 0, 0, 0}}, 3);
  split.train_counts = {1, 1, 1};
  const ReadingOrder reading(split.stream, "none", std::nullopt);
  const auto kind_of_last = [&](int64_t length) {
    const auto windows = plan_windows(reading.document_targets(), {length, 1, 1});
    const auto partitions = partition_tokens(split, find_recurrences(split.stream),
                                             scored_tokens(reading, windows), std::nullopt);
    return kinds(named(partitions, kByBigram)).back();
  };
  CHECK(kind_of_last(3) == "2");  // sees 0 1 0
  CHECK(kind_of_last(2) == "2 (out of the window)");
}
