#include "position/sink_logit.h"

#include "position/layer_parameters.h"
#include "position/scheme_entry.h"

namespace lengthwise {

SinkLogit::SinkLogit(const ModelShape& shape)
    : logits_(register_layer_parameters(*this, shape.layers, "logit", {shape.heads})) {
  const torch::NoGradGuard no_grad;
  for (torch::Tensor& each : logits_) each.zero_();
}

torch::Tensor SinkLogit::of_layer(int64_t layer) const {
  return logits_.at(static_cast<size_t>(layer));
}

}  // namespace lengthwise
