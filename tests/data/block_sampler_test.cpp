#include "data/block_sampler.h"

#include <algorithm>
#include <numeric>
#include <set>

#include "base/error.h"
#include "test.h"

namespace lengthwise {
namespace {

/// Tokens 0, 1, 2, ... in documents of these sizes, so that a token tells where it stands.
TokenStream counting_stream(const std::vector<int64_t>& sizes) {
  std::vector<Document> documents;
  int64_t end = 0;
  for (const int64_t size : sizes) {
    documents.push_back({end, end + size, 0, 0, 0});
    end += size;
  }
  std::vector<uint32_t> tokens(static_cast<size_t>(end));
  std::iota(tokens.begin(), tokens.end(), 0u);
  return TokenStream::from_tokens(std::move(tokens), std::move(documents), end);
}

/// The first inputs of the blocks `from` ... `from + count - 1`.
std::vector<int64_t> first_inputs(const BlockSampler& sampler, int64_t length, int64_t from,
                                  int64_t count) {
  std::vector<int64_t> firsts, inputs(static_cast<size_t>(length)), targets(inputs.size());
  for (int64_t index = from; index < from + count; ++index) {
    sampler.draw(index, inputs, targets);
    for (size_t i = 0; i < inputs.size(); ++i) {
      if (inputs[i] != inputs[0] + int64_t(i) || targets[i] != inputs[i] + 1) FAIL("no block");
    }
    firsts.push_back(inputs[0]);
  }
  return firsts;
}

}  // namespace

TEST_CASE("An epoch has every block once, cut at the same places, in an order of its own",
          "[data]") {
  // Blocks of 3 and the target after: at 0 of tokens 0-4, none of 5-6, at 7 of 7-10, at 11, 14
  // and 17 of 11-20.
  const BlockSampler sampler(counting_stream({5, 2, 4, 10}), 3, /*seed=*/5);
  CHECK(sampler.blocks() == 5);
  std::set<std::vector<int64_t>> orders;
  for (int64_t epoch = 0; epoch < 20; ++epoch) {
    auto firsts = first_inputs(sampler, 3, epoch * 5, 5);
    orders.insert(firsts);
    std::ranges::sort(firsts);
    CHECK(firsts == std::vector<int64_t>{0, 7, 11, 14, 17});
  }
  CHECK(orders.size() > 15);  // of 120 there are
}

TEST_CASE("A block depends on the seed and its number alone", "[data]") {
  const TokenStream stream = counting_stream({1000});
  const BlockSampler sampler(stream, 8, 1), again(stream, 8, 1), other(stream, 8, 2);
  const auto forward = first_inputs(sampler, 8, 0, 400);  // more than three epochs
  first_inputs(again, 8, 300, 20);
  CHECK(first_inputs(again, 8, 100, 300) ==
        std::vector<int64_t>(forward.begin() + 100, forward.end()));
  CHECK(first_inputs(other, 8, 0, 400) != forward);
}

TEST_CASE("A stream too short for a block is refused", "[data]") {
  CHECK_NOTHROW(BlockSampler(counting_stream({4, 2}), 3, 1));
  CHECK_THROWS_AS(BlockSampler(counting_stream({3, 2}), 3, 1), UserError);
}

}  // namespace lengthwise
