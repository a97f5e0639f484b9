#include "report/statistics/blocks.h"

#include <numeric>

#include "report/contains_text.h"
#include "test.h"

using namespace lengthwise;

namespace {

/// So many scored tokens of each document.
std::vector<int64_t> documents_of(const std::vector<int64_t>& sizes) {
  std::vector<int64_t> documents;
  for (size_t i = 0; i < sizes.size(); ++i) {
    documents.insert(documents.end(), static_cast<size_t>(sizes[i]), static_cast<int64_t>(i));
  }
  return documents;
}

double total(const Blocks& blocks) {
  return std::accumulate(blocks.tokens.begin(), blocks.tokens.end(), 0.0);
}

}  // namespace

TEST_CASE("Twenty documents of one size are the blocks", "[report]") {
  const Blocks blocks = plan_blocks(documents_of(std::vector<int64_t>(32, 2048)), 2048);
  REQUIRE(blocks.tokens == std::vector<double>(32, 2048));
  CHECK(blocks.of_token[2047] == 0);
  CHECK(blocks.of_token[2048] == 1);
  CHECK(blocks.of_token.back() == 31);
  CHECK(blocks.description == "32 documents");
  CHECK(blocks.warning.empty());
}

TEST_CASE("Fewer documents make stretches of at least the longest window", "[report]") {
  const Blocks blocks = plan_blocks(documents_of({245'569}), 2048);
  CHECK(blocks.tokens.size() == 64);  // of 119 that there could be
  for (const double tokens : blocks.tokens) CHECK(tokens >= 2048);
  CHECK(total(blocks) == 245'569);
  CHECK(blocks.description == "64 stretches of about 3,837 tokens");
  CHECK(blocks.warning.empty());
}

TEST_CASE("Stretches are at least 20, and said to be short where they must be", "[report]") {
  const Blocks blocks = plan_blocks(documents_of({65'536}), 16'384);
  CHECK(blocks.tokens.size() == 20);
  CHECK_THAT(blocks.warning,
             contains_text("shorter than the longest window, 16,384") && contains_text("3,276"));
}

TEST_CASE("One document that holds nearly everything is no block of twenty", "[report]") {
  std::vector<int64_t> sizes(40, 100);
  sizes[7] = 100'000;  // effective number: 103,900^2 / 1.00004e10, little more than one
  const Blocks blocks = plan_blocks(documents_of(sizes), 2048);
  CHECK_THAT(blocks.description, contains_text("stretches"));
  CHECK(blocks.tokens.size() == 50);
}

TEST_CASE("Of very many documents neighbours go together", "[report]") {
  const Blocks blocks = plan_blocks(documents_of(std::vector<int64_t>(10'000, 30)), 64);
  CHECK(blocks.tokens.size() <= 64);
  CHECK(blocks.tokens.size() >= 60);
  CHECK(total(blocks) == 300'000);
  for (const double tokens : blocks.tokens) CHECK(static_cast<int64_t>(tokens) % 30 == 0);
  CHECK_THAT(blocks.description, contains_text("10,000 in all"));
}

TEST_CASE("Too few tokens have no blocks, and it is said", "[report]") {
  const Blocks blocks = plan_blocks(documents_of({1999}), 16);
  CHECK(blocks.tokens.empty());
  CHECK(blocks.of_token == std::vector<uint16_t>(1999, 0));
  CHECK(blocks.description == "no intervals: 1,999 scored tokens are fewer than 2,000");
}
