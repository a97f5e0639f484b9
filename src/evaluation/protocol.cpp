#include "evaluation/protocol.h"

#include <algorithm>
#include <limits>

#include "base/error.h"
#include "base/text.h"
#include "evaluation/options.h"

namespace lengthwise {
namespace {

void validate_non_overlapping(const EvaluationOptions& options) {
  if (options.stride != 0) {
    fail(
        "evaluation.stride: {} is for evaluation.protocol sliding; non_overlapping moves by the "
        "whole length",
        options.stride);
  }
}

int64_t whole_length(const EvaluationOptions&, int64_t length) {
  return length;
}

void validate_sliding(const EvaluationOptions& options) {
  if (options.stride < 1)
    fail("evaluation.stride: {} is too small for sliding; at least 1", options.stride);
  const int64_t shortest = std::ranges::min(options.lengths);
  if (options.stride > shortest) {
    fail("evaluation.stride: {} is longer than the shortest of evaluation.lengths, {}",
         options.stride, shortest);
  }
}

int64_t fixed_stride(const EvaluationOptions& options, int64_t) {
  return options.stride;
}

const Protocol kProtocols[] = {
    {"non_overlapping", "windows side by side (Press et al. 2021, section 2.1)",
     validate_non_overlapping, whole_length},
    {"sliding",
     "windows moved by a stride, scoring its new targets (Press et al. 2021, appendix B)",
     validate_sliding, fixed_stride},
};

}  // namespace

const Protocol& find_protocol(std::string_view name) {
  const auto* protocol = std::ranges::find(kProtocols, name, &Protocol::name);
  if (protocol == std::end(kProtocols)) {
    fail("evaluation.protocol: '{}' is unknown{}", name, known_names_hint(name, protocol_names()));
  }
  return *protocol;
}

std::vector<std::string> protocol_names() {
  std::vector<std::string> names;
  for (const Protocol& protocol : kProtocols) names.emplace_back(protocol.name);
  return names;
}

std::vector<Window> plan_windows(const TokenStream& stream, bool has_start_token, int64_t length,
                                 int64_t stride, int64_t max_targets) {
  std::vector<Window> windows;
  int64_t left = max_targets > 0 ? max_targets : std::numeric_limits<int64_t>::max();
  const auto& documents = stream.documents();
  for (size_t document = 0; document < documents.size(); ++document) {
    const int64_t all = documents[document].size() - (has_start_token ? 0 : 1);
    const int64_t targets = std::min(all, left);
    for (int64_t first = 0; first < targets; first += stride) {
      windows.push_back({static_cast<int64_t>(document),
                         std::max<int64_t>(0, first - (length - stride)), first,
                         std::min(first + stride, targets)});
    }
    left -= std::max<int64_t>(0, targets);
  }
  return windows;
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
