#pragma once

#include <cstdint>
#include <span>

namespace lengthwise {

/// What a model trains on: windows of the train length by number. A window depends on its number
/// and a seed alone, so that a resumed run draws what an uninterrupted one would have drawn.
class TrainingWindows {
 public:
  virtual ~TrainingWindows() = default;

  /// Fills as many inputs as targets, the train length each. A target of -1 is not scored.
  virtual void draw(int64_t index, std::span<int64_t> inputs, std::span<int64_t> targets) const = 0;
};

}  // namespace lengthwise
