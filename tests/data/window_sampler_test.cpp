#include "data/window_sampler.h"

#include <algorithm>
#include <map>
#include <numeric>

#include "test.h"
#include "user_error_text.h"

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

std::vector<int64_t> window(const WindowSampler& sampler, int64_t length, int64_t index) {
  std::vector<int64_t> tokens(static_cast<size_t>(length + 1));
  sampler.draw(index, tokens);
  return tokens;
}

}  // namespace

TEST_CASE("Training windows are uniform over all starts within one document", "[data]") {
  // Windows of 4 tokens: 2 starts in tokens 0-4, none in 5-6, 1 in 7-10, 6 in 11-19.
  const WindowSampler sampler(counting_stream({5, 2, 4, 9}), 3, /*seed=*/5);
  const std::vector<int64_t> expected = {0, 1, 7, 11, 12, 13, 14, 15, 16};
  CHECK(sampler.starts() == 9);

  std::map<int64_t, int> drawn;
  constexpr int kDraws = 90000;
  for (int index = 0; index < kDraws; ++index) {
    const auto tokens = window(sampler, 3, index);
    ++drawn[tokens[0]];
    for (int64_t i = 1; i <= 3; ++i) {
      if (tokens[static_cast<size_t>(i)] != tokens[0] + i) FAIL("not consecutive");
    }
  }
  std::vector<int64_t> starts;
  for (const auto& [start, times] : drawn) {
    starts.push_back(start);
    // Binomial with mean 10000 and standard deviation 94.3: five of them.
    CHECK(std::abs(times - kDraws / 9) < 472);
  }
  CHECK(starts == expected);
}

TEST_CASE("Inputs and targets of a training window are its tokens, one apart", "[data]") {
  const WindowSampler sampler(counting_stream({50}), 8, 1);
  std::vector<int64_t> inputs(8), targets(8);
  for (int64_t index = 0; index < 20; ++index) {
    const auto tokens = window(sampler, 8, index);
    sampler.draw(index, inputs, targets);
    CHECK(std::ranges::equal(inputs, std::span(tokens).first(8)));
    CHECK(std::ranges::equal(targets, std::span(tokens).last(8)));
  }
}

TEST_CASE("A training window depends on the seed and its number alone", "[data]") {
  const TokenStream stream = counting_stream({1000, 500});
  const WindowSampler sampler(stream, 8, 1), again(stream, 8, 1), other(stream, 8, 2);
  std::vector<int64_t> forward, backward, other_seed;
  for (int64_t i = 0; i < 50; ++i) forward.push_back(window(sampler, 8, i)[0]);
  for (int64_t i = 49; i >= 0; --i) backward.push_back(window(again, 8, i)[0]);
  for (int64_t i = 0; i < 50; ++i) other_seed.push_back(window(other, 8, i)[0]);
  std::ranges::reverse(backward);
  CHECK(forward == backward);
  CHECK(forward != other_seed);
}

TEST_CASE("A document of exactly one window gives that window", "[data]") {
  const WindowSampler sampler(counting_stream({3, 4, 3}), 3, 1);
  CHECK(window(sampler, 3, 0) == std::vector<int64_t>{3, 4, 5, 6});
  CHECK(window(sampler, 3, 1) == std::vector<int64_t>{3, 4, 5, 6});
}

TEST_CASE("A training length that no document can fill is refused", "[data]") {
  const TokenStream stream = counting_stream({3, 4, 3});
  const std::string error = user_error_text([&] { WindowSampler(stream, 4, 1); });
  CHECK(contains(error, "model.train_length: is 4"));
  CHECK(contains(error, "has 4 tokens and so allows 3"));
  CHECK_NOTHROW(WindowSampler(stream.joined(), 9, 1));
}

}  // namespace lengthwise
