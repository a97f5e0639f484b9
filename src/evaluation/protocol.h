#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "evaluation/windows.h"

namespace lengthwise {

struct EvaluationOptions;

/// How windows lie over a document: a line of the table in protocol.cpp. No protocol scores a
/// target twice, and each scores the same ones at every length of evaluation.lengths, so that
/// curves over lengths differ by context and by nothing else.
///
///   non_overlapping  side by side, every target scored (Press et al. 2021, section 2.1)
///   sliding          moved by evaluation.stride, scoring its new targets: every target is scored,
///                    from L - S + 1 to L tokens but at a document's start (their appendix B)
///   last_k           moved by evaluation.stride, by default k = evaluation.last, and scoring its
///                    last k targets: each from L - k + 1 to L tokens, none from fewer. Scored from
///                    the first target on that has as many tokens before it in its document as the
///                    longest length; what comes before is never scored, at no length. A stride
///                    above k scores k targets in every S.
///   task             lays no windows: evaluation.examples examples of data.task at each length
///                    stand alone, and their answers are scored
struct Protocol {
  std::string_view name;
  std::string_view summary;
  void (*validate)(const EvaluationOptions&);
  WindowLayout (*layout)(const EvaluationOptions&, int64_t length);
};

/// UserError for an unknown name.
const Protocol& find_protocol(std::string_view name);
std::vector<std::string> protocol_names();

}  // namespace lengthwise
