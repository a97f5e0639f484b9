#include "model/layers.h"

#include <cmath>

namespace lengthwise {
namespace {

constexpr double kNormEpsilon = 1e-5;

}  // namespace

LinearImpl::LinearImpl(int64_t in, int64_t out, bool with_bias)
    : weight(register_parameter("weight", torch::empty({out, in}))) {
  if (with_bias) bias = register_parameter("bias", torch::empty({out}));
}

void LinearImpl::reset(double gain) {
  const torch::NoGradGuard no_grad;
  weight.normal_(0, gain / std::sqrt(static_cast<double>(weight.size(1))));
  if (bias.defined()) bias.zero_();
}

torch::Tensor LinearImpl::forward(const torch::Tensor& x) const {
  const auto type = x.scalar_type();
  return bias.defined() ? at::linear(x, weight.to(type), bias.to(type))
                        : at::linear(x, weight.to(type));
}

NormImpl::NormImpl(int64_t width, const std::string& kind)
    : weight(register_parameter("weight", torch::ones({width}))) {
  if (kind == "layer") bias = register_parameter("bias", torch::zeros({width}));
}

torch::Tensor NormImpl::forward(const torch::Tensor& x) const {
  return bias.defined() ? at::layer_norm(x, weight.sizes(), weight, bias, kNormEpsilon)
                        : at::rms_norm(x, weight.sizes(), weight, kNormEpsilon);
}

}  // namespace lengthwise
