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

}  // namespace lengthwise
