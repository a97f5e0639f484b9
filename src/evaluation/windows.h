#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace lengthwise {

/// One forward pass over part of a document. Its tokens are counted in the document's reading order
/// (data/reading_order.h): what stands before its first token, where something does, then the
/// document. Target k is token k + 1 of that order and is predicted at input k.
struct Window {
  int64_t document;
  int64_t first_input;   // inputs [first_input, end_target)
  int64_t first_target;  // targets [first_target, end_target) are scored, the others only read
  int64_t end_target;

  int64_t inputs() const { return end_target - first_input; }
  int64_t targets() const { return end_target - first_target; }
};

/// How windows lie over each document, in tokens: a step moves by `stride` targets and scores the
/// first `window_targets` of them, from inputs that reach length - window_targets back from the
/// step's first input, or to the document's start. A step at the document's end may be short, and
/// is given no more context than the others.
struct WindowLayout {
  int64_t length;           // inputs a window holds at most
  int64_t stride;           // 1 ...
  int64_t window_targets;   // 1 ... min(length, stride); less than the stride: some are not scored
  int64_t skipped = 0;      // targets at each document's start that are never scored
  int64_t max_targets = 0;  // only so many are scored, the first ones of the split; 0: all

  bool operator==(const WindowLayout&) const = default;
};

/// The windows in reading order, over documents of so many targets each. No target is scored twice.
/// std::invalid_argument for a layout out of its ranges.
std::vector<Window> plan_windows(std::span<const int64_t> document_targets,
                                 const WindowLayout& layout);

int64_t scored_targets(const std::vector<Window>& windows);

/// Mean number of inputs that the scored targets see.
double mean_context(const std::vector<Window>& windows);

}  // namespace lengthwise
