#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "contract/attention_cost.h"
#include "position/options.h"

namespace lengthwise {

/// What is found of a scheme by running it, never by what its entry says.
struct Conformance {
  struct Length {
    int64_t tokens;
    AttentionCost cost;
  };
  /// An option of the scheme, and what another value of it does to the answers.
  struct OptionEffect {
    std::string option, from, to;
    double difference;  // the largest of the hidden states; 0: it did nothing
  };

  std::string scheme;
  std::string unmeasured;  // why none of the rest is known; empty: it is
  std::string acts_on;     // "queries and keys", "logits by distance", ...
  bool reads_layer_input = false;
  double shift_difference = 0;   // largest, between a window at 0 and further on
  std::optional<int64_t> limit;  // of a model trained at the shape's train_length
  int64_t learned_numbers = 0;
  std::vector<Length> lengths;
  std::vector<OptionEffect> options;
};

struct ConformanceRequest {
  ModelShape shape;
  std::vector<int64_t> timed_lengths = {512, 2048, 8192};
  std::vector<int64_t> weighed_lengths = {16384};  // memory alone
  int rounds = 3;
};

/// Of the scheme that `options` names. A scheme that cannot stand in the shape is not measured.
Conformance conformance_of(const PositionOptions& options, const ConformanceRequest& request);

/// What other values the scheme's own options take, and whether each changes the answers of a
/// model of this shape trained at 16 tokens, in a window of up to 96.
std::vector<Conformance::OptionEffect> option_effects(const PositionOptions& options,
                                                      const ModelShape& shape);

/// docs/conformance.md, whole. `machine` and `version` name what it was measured with.
std::string conformance_page(const std::vector<Conformance>& schemes,
                             const ConformanceRequest& request, const std::string& machine,
                             const std::string& version);

}  // namespace lengthwise
