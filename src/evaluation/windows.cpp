#include "evaluation/windows.h"

#include <algorithm>
#include <limits>
#include <stdexcept>

namespace lengthwise {

std::vector<Window> plan_windows(std::span<const int64_t> document_targets,
                                 const WindowLayout& layout) {
  if (layout.window_targets < 1 || layout.window_targets > layout.length ||
      layout.window_targets > layout.stride || layout.skipped < 0 || layout.max_targets < 0) {
    throw std::invalid_argument("windows that cannot lie over a document");
  }
  std::vector<Window> windows;
  int64_t left = layout.max_targets > 0 ? layout.max_targets : std::numeric_limits<int64_t>::max();
  const int64_t reach = layout.length - layout.window_targets;
  for (size_t document = 0; document < document_targets.size(); ++document) {
    const int64_t targets = document_targets[document];
    for (int64_t first = layout.skipped; first < targets && left > 0; first += layout.stride) {
      const int64_t count = std::min({layout.window_targets, targets - first, left});
      windows.push_back({static_cast<int64_t>(document), std::max<int64_t>(0, first - reach), first,
                         first + count});
      left -= count;
    }
  }
  return windows;
}

int64_t scored_targets(const std::vector<Window>& windows) {
  int64_t targets = 0;
  for (const Window& window : windows) targets += window.targets();
  return targets;
}

double mean_context(const std::vector<Window>& windows) {
  double contexts = 0, targets = 0;
  for (const Window& window : windows) {
    const auto count = static_cast<double>(window.targets());
    const auto first = static_cast<double>(window.first_target - window.first_input + 1);
    contexts += count * first + count * (count - 1) / 2;
    targets += count;
  }
  return targets > 0 ? contexts / targets : 0;
}

}  // namespace lengthwise
