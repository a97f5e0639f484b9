#pragma once

#include <cstdint>

namespace lengthwise {

/// SplitMix64 (Steele, Lea, Flood 2014): one 64-bit word of state, so that any draw of any step can
/// be made again from the seed and the step alone.
class SplitMix64 {
 public:
  explicit SplitMix64(uint64_t state) : state_(state) {}

  uint64_t next() {
    uint64_t z = (state_ += 0x9e3779b97f4a7c15ull);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
    return z ^ (z >> 31);
  }

  /// Uniform in [0, n): the high word of a 128-bit product; its bias is below n / 2^64.
  uint64_t below(uint64_t n) {
    __extension__ using Wide = unsigned __int128;
    return static_cast<uint64_t>((static_cast<Wide>(next()) * n) >> 64);
  }

 private:
  uint64_t state_;
};

/// A stream of its own for part `index` of what `seed` stands for.
inline SplitMix64 split_stream(uint64_t seed, uint64_t index) {
  return SplitMix64(SplitMix64(SplitMix64(seed).next() + index).next());
}

}  // namespace lengthwise
