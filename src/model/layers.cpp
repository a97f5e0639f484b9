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

torch::Tensor LinearImpl::forward(const torch::Tensor& x, Activation activation) const {
  return linear(x, {weight, bias}, activation);
}

NormImpl::NormImpl(int64_t width, const std::string& kind)
    : weight(register_parameter("weight", torch::ones({width}))) {
  if (kind == "layer") bias = register_parameter("bias", torch::zeros({width}));
}

Normed NormImpl::forward(const torch::Tensor& x, const torch::Tensor& branch,
                         torch::ScalarType type) const {
  return add_and_norm(x, branch, {weight, bias, kNormEpsilon}, type);
}

}  // namespace lengthwise
