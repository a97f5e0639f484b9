#pragma once

#include "tile.cuh"

/// Between attention.cu, which checks a call and picks the instance, and the kernels.
namespace lengthwise::cuda {

struct ForwardArguments {
  Problem problem;
  Rows q, k, v, output;
  float* log_sum;  // [B, H, Q]
};

struct BackwardArguments {
  Problem problem;
  int batch;
  Rows q, k, v, output, d_output, d_q, d_k, d_v;
  const float* log_sum;  // [B, H, Q]
  float* delta;          // [B, H, Q]: sum over K of d_output * output
  float* partial;        // [B, H, blocks of queries, T]: the bias's gradient; null: not asked for
  float* d_bias;         // [H, T]
  int64_t d_bias_stride;
};

/// Rows a block of queries takes; the same for forward and for dQ.
constexpr int kQueryBlock = 128;

/// K as a template argument: the instances are in the .cu files.
template <int K>
cudaError_t launch_forward(const ForwardArguments& arguments, int batch, bool bias,
                           cudaStream_t stream);
/// Fills delta; before the two below.
template <int K>
cudaError_t launch_delta(const BackwardArguments& arguments, cudaStream_t stream);
template <int K>
cudaError_t launch_key_gradients(const BackwardArguments& arguments, bool bias,
                                 cudaStream_t stream);
/// Fills partial too, if asked for.
template <int K>
cudaError_t launch_query_gradients(const BackwardArguments& arguments, bool bias,
                                   cudaStream_t stream);
/// d_bias from partial.
cudaError_t launch_bias_sum(const BackwardArguments& arguments, cudaStream_t stream);

}  // namespace lengthwise::cuda
