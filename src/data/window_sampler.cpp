#include "data/window_sampler.h"

#include <algorithm>
#include <stdexcept>

#include "base/error.h"
#include "base/random.h"

namespace lengthwise {

WindowSampler::WindowSampler(const TokenStream& stream, int64_t length, uint64_t seed)
    : stream_(stream), length_(length), seed_(seed) {
  int64_t starts = 0, longest = 0;
  for (const Document& document : stream.documents()) {
    starts += std::max<int64_t>(0, document.size() - length);
    longest = std::max(longest, document.size());
    ends_.push_back(starts);
  }
  if (starts == 0) {
    fail(
        "model.train_length: is {}, but the longest document of the training split has {} tokens "
        "and so allows {}; shorten it, or join short documents with data.documents = joined",
        length, longest, longest - 1);
  }
}

void WindowSampler::draw(int64_t index, std::span<int64_t> window) const {
  if (static_cast<int64_t>(window.size()) != length_ + 1) {
    throw std::invalid_argument("a window holds the training length and one more token");
  }
  SplitMix64 random = split_stream(seed_, static_cast<uint64_t>(index));
  const auto start = static_cast<int64_t>(random.below(static_cast<uint64_t>(starts())));
  const auto at = std::ranges::upper_bound(ends_, start) - ends_.begin();
  const auto document = static_cast<size_t>(at);
  const int64_t before = document == 0 ? 0 : ends_[document - 1];
  const int64_t first = stream_.documents()[document].begin + (start - before);
  for (int64_t i = 0; i <= length_; ++i) window[static_cast<size_t>(i)] = stream_[first + i];
}

void WindowSampler::draw(int64_t index, std::span<int64_t> inputs,
                         std::span<int64_t> targets) const {
  std::vector<int64_t> window(inputs.size() + 1);
  draw(index, window);
  std::copy(window.begin(), window.end() - 1, inputs.begin());
  std::copy(window.begin() + 1, window.end(), targets.begin());
}

}  // namespace lengthwise
