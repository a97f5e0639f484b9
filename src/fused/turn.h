#pragma once

#include <string>
#include <vector>

#include "base/torch.h"

namespace lengthwise {

/// x [B, H, Q, K], each pair among its first R dimensions turned by the last Q rows of tables
/// [T, R/2] float32; the other dimensions times `rest_factor`. pairing: "half" (i, i + R/2) or
/// "interleaved" (2i, 2i + 1). bfloat16 on CUDA is turned by a kernel, in one pass and back to
/// bfloat16; the twin gives what float32 tables make of x's type.
torch::Tensor turn_pairs(const torch::Tensor& x, const torch::Tensor& cosines,
                         const torch::Tensor& sines, const std::string& pairing,
                         double rest_factor = 1);
torch::Tensor plain_turn_pairs(const torch::Tensor& x, const torch::Tensor& cosines,
                               const torch::Tensor& sines, const std::string& pairing,
                               double rest_factor = 1);

/// The parts [B, H, T, K] of a projection [B, T, parts H K], views of it. With kernels the
/// gradients go back into one tensor without being stacked first, and without any copy where they
/// stand side by side already.
std::vector<torch::Tensor> split_heads(const torch::Tensor& projection, int64_t parts,
                                       int64_t heads);
std::vector<torch::Tensor> plain_split_heads(const torch::Tensor& projection, int64_t parts,
                                             int64_t heads);

/// The same parts of [B, T, parts H K] that is not filled yet.
std::vector<torch::Tensor> empty_heads(const torch::Tensor& like, int64_t parts);

}  // namespace lengthwise
