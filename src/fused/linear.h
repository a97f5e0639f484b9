#pragma once

#include "base/torch.h"

namespace lengthwise {

/// x W' (+ b): the weight [out, in] and bias [out] (or undefined) are float32 and rounded to x's
/// type.
struct LinearParameters {
  torch::Tensor weight, bias;
};

/// gelu: x times the normal distribution function; gelu_tanh: that approximated,
/// x/2 (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))) (Hendrycks and Gimpel 2016, 1606.08415).
enum class Activation { none, relu, gelu, gelu_tanh };

/// activation(x W' + b), [..., out]. With kernels the gradients of weights are float32 as the
/// products sum them, those of biases are summed in the pass that turns back the activation, and
/// relu is part of the product.
torch::Tensor linear(const torch::Tensor& x, const LinearParameters& parameters,
                     Activation activation = Activation::none);
torch::Tensor plain_linear(const torch::Tensor& x, const LinearParameters& parameters,
                           Activation activation = Activation::none);

/// silu(x G' + b) * (x U' + c), [..., out]: SwiGLU (Shazeer 2020, 2002.05202) but for its last
/// matrix. Both have a bias.
torch::Tensor gated_linear(const torch::Tensor& x, const LinearParameters& gate,
                           const LinearParameters& up);
torch::Tensor plain_gated_linear(const torch::Tensor& x, const LinearParameters& gate,
                                 const LinearParameters& up);

}  // namespace lengthwise
