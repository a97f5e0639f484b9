#include "model/layers.h"

#include <fmt/format.h>

#include <cmath>

#include "model/options.h"

namespace lengthwise {

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

void LinearImpl::hold(const std::vector<torch::Tensor>& pieces) {
  pieces_.clear();
  for (const torch::Tensor& piece : pieces) {
    pieces_.push_back(register_buffer(fmt::format("piece{}", pieces_.size()), piece));
  }
  weight.set_data(torch::empty({0, weight.size(1)}, weight.options()));
}

torch::Tensor LinearImpl::matrix(torch::ScalarType type) const {
  if (pieces_.empty()) return weight;
  std::vector<torch::Tensor> rows;
  for (const torch::Tensor& piece : pieces_) rows.push_back(piece.to(type).flatten(0, -2));
  return rows.size() == 1 ? rows.front() : torch::cat(rows);
}

torch::Tensor LinearImpl::forward(const torch::Tensor& x, Activation activation) const {
  return linear(x, {matrix(x.scalar_type()), bias}, activation);
}

NormImpl::NormImpl(int64_t width, const ModelOptions& options)
    : weight(register_parameter("weight", torch::ones({width}))), epsilon(options.norm_epsilon) {
  if (options.norm != "layer") return;
  // Without one it is zeros all the same: what has none is RMSNorm to fused/norm.h.
  bias = options.has_bias("norm") ? register_parameter("bias", torch::zeros({width}))
                                  : register_buffer("bias", torch::zeros({width}));
}

Normed NormImpl::forward(const torch::Tensor& x, const torch::Tensor& branch,
                         torch::ScalarType type) const {
  return add_and_norm(x, branch, {weight, bias, epsilon}, type);
}

}  // namespace lengthwise
