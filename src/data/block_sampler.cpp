#include "data/block_sampler.h"

#include <algorithm>
#include <numeric>
#include <stdexcept>
#include <utility>

#include "base/error.h"
#include "base/random.h"

namespace lengthwise {

BlockSampler::BlockSampler(const TokenStream& stream, int64_t length, uint64_t seed)
    : stream_(stream), length_(length), seed_(seed) {
  int64_t longest = 0;
  for (const Document& document : stream.documents()) {
    longest = std::max(longest, document.size());
    for (int64_t first = 0; first + length < document.size(); first += length) {
      starts_.push_back(document.begin + first);
    }
  }
  if (starts_.empty()) {
    fail(
        "model.train_length: is {}, but the longest document of the training split has {} tokens "
        "and so allows {}; shorten it, or join short documents with data.documents = joined",
        length, longest, longest - 1);
  }
}

const std::vector<int64_t>& BlockSampler::order_of(int64_t epoch) const {
  if (epoch == epoch_) return order_;
  order_.resize(starts_.size());
  std::iota(order_.begin(), order_.end(), int64_t{0});
  SplitMix64 random = split_stream(seed_, static_cast<uint64_t>(epoch));
  for (size_t left = order_.size(); left > 1; --left) {  // Fisher and Yates
    std::swap(order_[left - 1], order_[random.below(left)]);
  }
  epoch_ = epoch;
  return order_;
}

void BlockSampler::draw(int64_t index, std::span<int64_t> inputs,
                        std::span<int64_t> targets) const {
  if (static_cast<int64_t>(inputs.size()) != length_ || targets.size() != inputs.size()) {
    throw std::invalid_argument("a block holds as many inputs and targets as the train length");
  }
  const auto block = order_of(index / blocks())[static_cast<size_t>(index % blocks())];
  const int64_t first = starts_[static_cast<size_t>(block)];
  for (int64_t i = 0; i < length_; ++i) {
    inputs[static_cast<size_t>(i)] = stream_[first + i];
    targets[static_cast<size_t>(i)] = stream_[first + i + 1];
  }
}

}  // namespace lengthwise
