#pragma once

#include <string_view>
#include <vector>

#include "base/torch.h"

namespace lengthwise {

struct ModelShape;

inline constexpr std::string_view kNoSinkLogit = "none";
inline constexpr std::string_view kLearnedSinkLogit = "learned";

/// A learned logit s of each head that stands in the denominator of the softmax alone, beside any
/// scheme: weight_ij = exp(logit_ij) / (exp(s) + sum_j' exp(logit_ij')), so that a query may attend
/// to nothing, where it would otherwise fill the first tokens (gpt-oss 2025: transformers,
/// models/gpt_oss). No bias, factor or window acts on it, and dropout spares it; a bias by key
/// counts relative to the query's own key beside it. A layer has its own
/// `position.sink_logit.layers.<l>.logit` [H], which begins at 0 (there it is drawn from N(0,
/// 0.02)). With stick-breaking, whose weights are no softmax, they are divided by 1 + exp(s).
class SinkLogit : public torch::nn::Module {
 public:
  explicit SinkLogit(const ModelShape& shape);

  torch::Tensor of_layer(int64_t layer) const;  // [H]

 private:
  std::vector<torch::Tensor> logits_;  // a layer: [H]
};

}  // namespace lengthwise
