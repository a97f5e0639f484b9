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

void LinearImpl::reset_uniform() {
  const torch::NoGradGuard no_grad;
  const double bound = 1 / std::sqrt(static_cast<double>(weight.size(1)));
  weight.uniform_(-bound, bound);
  if (bias.defined()) bias.uniform_(-bound, bound);
}

void xavier_uniform(const torch::Tensor& weight, double gain) {
  const torch::NoGradGuard no_grad;
  const double bound = gain * std::sqrt(6 / static_cast<double>(weight.size(0) + weight.size(1)));
  torch::Tensor(weight).uniform_(-bound, bound);
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
