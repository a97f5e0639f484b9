#pragma once

#include "base/torch.h"

namespace lengthwise {

struct Normed {
  torch::Tensor sum;     // [..., D] float32: x, and the branch added to it
  torch::Tensor normed;  // [..., D] of the type asked for
};

struct NormParameters {
  torch::Tensor weight;  // [D]
  torch::Tensor bias;    // [D]: layer norm (Ba et al. 2016); undefined: RMS norm (Zhang and
                         // Sennrich 2019)
  double epsilon = 0;
};

/// x + branch, where a branch is defined, and its norm over the last axis rounded to `type`. On
/// CUDA a kernel each way does it in one pass where x is float32, branch and type bfloat16.
Normed add_and_norm(const torch::Tensor& x, const torch::Tensor& branch,
                    const NormParameters& parameters, torch::ScalarType type);
Normed plain_add_and_norm(const torch::Tensor& x, const torch::Tensor& branch,
                          const NormParameters& parameters, torch::ScalarType type);

}  // namespace lengthwise
