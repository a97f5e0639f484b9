#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "data/dataset.h"

namespace lengthwise {

struct EvaluationOptions;

/// One forward pass over part of a document. Its tokens are counted in the document's reading
/// order: the start token, where the vocabulary has one, then the document. Target k is token k + 1
/// of that order and is predicted at input k.
struct Window {
  int64_t document;
  int64_t first_input;   // inputs [first_input, end_target)
  int64_t first_target;  // targets [first_target, end_target) are scored, the others only read
  int64_t end_target;

  int64_t inputs() const { return end_target - first_input; }
  int64_t targets() const { return end_target - first_target; }
};

/// How windows lie over a document: a line of the table in protocol.cpp. Every protocol scores
/// every target exactly once, so that curves over lengths differ by context and by nothing else.
struct Protocol {
  std::string_view name;
  std::string_view summary;
  void (*validate)(const EvaluationOptions&);
  int64_t (*stride)(const EvaluationOptions&, int64_t length);
};

/// UserError for an unknown name.
const Protocol& find_protocol(std::string_view name);
std::vector<std::string> protocol_names();

/// Windows of at most `length` inputs over each document, each moved by `stride` and scoring its
/// `stride` new targets: inputs reach length - stride tokens back from the step's first, or to the
/// document's start; the last step may be short. stride = length is Press et al. 2021, section 2.1;
/// stride < length their appendix B. `max_targets` cuts what is scored to the split's first ones;
/// 0: all.
std::vector<Window> plan_windows(const TokenStream& stream, bool has_start_token, int64_t length,
                                 int64_t stride, int64_t max_targets);

/// Mean number of inputs that the scored targets see.
double mean_context(const std::vector<Window>& windows);

}  // namespace lengthwise
