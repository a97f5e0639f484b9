#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "data/token_stream.h"
#include "data/training_windows.h"

namespace lengthwise {

/// Training windows of `length` inputs and the target after the last: window number `index` is
/// drawn uniformly from all starts at which length + 1 tokens lie within one document. It depends
/// on (seed, index) alone, so that a resumed run draws what an uninterrupted one would have drawn.
/// Documents of fewer than length + 1 tokens are never drawn; UserError where there are no others.
class WindowSampler final : public TrainingWindows {
 public:
  WindowSampler(const TokenStream& stream, int64_t length, uint64_t seed);

  /// Fills length + 1 tokens: inputs window[0 .. length - 1], targets window[1 .. length].
  void draw(int64_t index, std::span<int64_t> window) const;
  void draw(int64_t index, std::span<int64_t> inputs, std::span<int64_t> targets) const override;

  /// Distinct windows there are to draw from.
  int64_t starts() const { return ends_.back(); }

 private:
  TokenStream stream_;
  int64_t length_;
  uint64_t seed_;
  std::vector<int64_t> ends_;  // starts in documents 0 ... i, for each i
};

}  // namespace lengthwise
