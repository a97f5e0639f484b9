#include "evaluation/protocol.h"

#include <algorithm>

#include "base/error.h"
#include "base/text.h"
#include "data/tasks/task.h"
#include "evaluation/options.h"

namespace lengthwise {
namespace {

void refuse_last(const EvaluationOptions& options) {
  if (options.last == 0) return;
  fail("evaluation.last: {} is for evaluation.protocol last_k; {} scores every target",
       options.last, options.protocol);
}

/// UserError where `value` targets do not fit the shortest window.
void check_fits_windows(const char* name, int64_t value, const EvaluationOptions& options) {
  const int64_t shortest = std::ranges::min(options.lengths);
  if (value <= shortest) return;
  fail("{}: {} is longer than the shortest of evaluation.lengths, {}", name, value, shortest);
}

void validate_non_overlapping(const EvaluationOptions& options) {
  refuse_last(options);
  if (options.stride == 0) return;
  fail(
      "evaluation.stride: {} is for evaluation.protocol sliding and last_k; non_overlapping moves "
      "by the whole length",
      options.stride);
}

void validate_sliding(const EvaluationOptions& options) {
  refuse_last(options);
  if (options.stride < 1)
    fail("evaluation.stride: {} is too small for sliding; at least 1", options.stride);
  check_fits_windows("evaluation.stride", options.stride, options);
}

void validate_last_k(const EvaluationOptions& options) {
  if (options.last < 1)
    fail("evaluation.last: {} is too small for last_k; at least 1", options.last);
  check_fits_windows("evaluation.last", options.last, options);
  if (options.stride > 0 && options.stride < options.last) {
    fail("evaluation.stride: {} is less than evaluation.last, {}: targets would be scored twice",
         options.stride, options.last);
  }
  if (options.counting == "paper") {
    fail(
        "evaluation.counting: paper is for non_overlapping and sliding, which the paper measures "
        "by; last_k has none");
  }
}

void validate_task(const EvaluationOptions& options) {
  refuse_last(options);
  const EvaluationOptions defaults;
  const auto refuse = [](bool changed, const char* name, const auto& value) {
    if (changed) fail("{}: {} is not for evaluation.protocol task; leave it out", name, value);
  };
  refuse(options.stride != 0, "evaluation.stride", options.stride);
  refuse(options.max_tokens != 0, "evaluation.max_tokens", options.max_tokens);
  refuse(options.draws != 1, "evaluation.draws", options.draws);
  refuse(options.counting != defaults.counting, "evaluation.counting", options.counting);
  refuse(options.first_token != defaults.first_token, "evaluation.first_token",
         options.first_token);
  if (options.split == "train") {
    fail(
        "evaluation.split: train does not fit evaluation.protocol task, whose training examples "
        "are each seen once; set test or valid");
  }
}

WindowLayout whole_length(const EvaluationOptions& options, int64_t length) {
  return {length, length, length, 0, options.max_tokens};
}

WindowLayout fixed_stride(const EvaluationOptions& options, int64_t length) {
  return {length, options.stride, options.stride, 0, options.max_tokens};
}

WindowLayout last_targets(const EvaluationOptions& options, int64_t length) {
  // Target t has t + 1 tokens before it.
  const int64_t skipped = std::ranges::max(options.lengths) - 1;
  const int64_t stride = options.stride > 0 ? options.stride : options.last;
  return {length, stride, options.last, skipped, options.max_tokens};
}

const Protocol kProtocols[] = {
    {"non_overlapping", "windows side by side (Press et al. 2021, section 2.1)",
     validate_non_overlapping, whole_length},
    {"sliding",
     "windows moved by a stride, scoring its new targets (Press et al. 2021, appendix B)",
     validate_sliding, fixed_stride},
    {"last_k", "windows that score their last targets alone, each from a nearly full window",
     validate_last_k, last_targets},
    {kTaskProtocol, "examples of a task, scoring their answers (data/tasks/task.h)", validate_task,
     whole_length},
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
