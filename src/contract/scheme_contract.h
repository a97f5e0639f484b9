#pragma once

#include <functional>
#include <string>

#include "model/options.h"

namespace lengthwise {

/// What is found of a scheme file, in a sentence.
struct Finding {
  std::string subject;  // "causality"
  bool holds;
  std::string sentence;
};

/// Holds a scheme file against what every scheme of this program keeps, in a model of this shape,
/// and says each finding as it is found: causality, lengths, shifts, gradients against float64,
/// bfloat16 activations at 65,536 positions, time and memory beside plain attention, and the way
/// that attention takes. UserError as of PositionOptions::validate: what does not compile or cannot
/// be trained is said there.
void examine_scheme_file(const std::string& file, const ModelOptions& model,
                         const std::function<void(const Finding&)>& say);

}  // namespace lengthwise
