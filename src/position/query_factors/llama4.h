#pragma once

#include <cstdint>

namespace lengthwise {

class OptionSet;
struct QueryFactorEntry;

struct Llama4Options {
  double scale = 0.1;
  int64_t floor_scale = 0;  // 0: model.train_length

  void declare(OptionSet& options);
};

struct MinistralOptions {
  double beta = 0.1;
  int64_t original_length = 0;  // 0: model.train_length

  void declare(OptionSet& options);
};

/// 1 + scale ln(1 + floor((i + 1) / floor_scale)) of the place i = 0, 1, ...: the temperature of
/// Llama 4's layers without positions, which have scale 0.1 and floor_scale 8192 (transformers,
/// models/llama4).
extern const QueryFactorEntry kLlama4;
/// 1 + beta ln(1 + floor(i / original_length)): Ministral 3's, under the name llama_4_scaling_beta
/// (transformers, models/ministral3). It steps a token later than Llama 4's.
extern const QueryFactorEntry kMinistral;

}  // namespace lengthwise
