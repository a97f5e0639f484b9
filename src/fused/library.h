#pragma once

#include <optional>
#include <string>

#include "base/torch.h"
#include "cuda/attention.h"
#include "cuda/fused.h"

namespace lengthwise {

/// The CUDA kernels of src/cuda: a library of their own beside the program
/// (liblengthwise_cuda.so, the cuda preset). What they do has a plain twin in LibTorch's
/// operations, which is used where the library or the device is missing.

/// Opens the library. -> what is in the way; empty: it is open.
std::string open_cuda_kernels();

struct CudaKernels {
  decltype(&cuda::lengthwise_attention_forward) attention_forward;
  decltype(&cuda::lengthwise_attention_backward) attention_backward;
  decltype(&cuda::lengthwise_attention_workspace) attention_workspace;
  decltype(&cuda::lengthwise_attention_message) attention_message;
  decltype(&cuda::lengthwise_loss_rows) loss_rows;
  decltype(&cuda::lengthwise_turned_rows) turned_rows;
  decltype(&cuda::lengthwise_norm_forward) norm_forward;
  decltype(&cuda::lengthwise_norm_workspace) norm_workspace;
  decltype(&cuda::lengthwise_norm_backward) norm_backward;
  decltype(&cuda::lengthwise_activation_workspace) activation_workspace;
  decltype(&cuda::lengthwise_activation_backward) activation_backward;
  decltype(&cuda::lengthwise_gated_forward) gated_forward;
  decltype(&cuda::lengthwise_adamw) adamw;
};

/// The opened library's.
const CudaKernels& cuda_kernels();

/// Whether the library is open and x where it computes.
bool kernels_reach(const torch::Tensor& x);

/// The stream on which LibTorch computes on x's device.
CUstream_st* stream_of(const torch::Tensor& x);

/// What an autograd function takes where a tensor may be undefined.
inline std::optional<torch::Tensor> if_defined(const torch::Tensor& x) {
  return x.defined() ? std::optional(x) : std::nullopt;
}

/// Throws unless a kernel of fused.h was launched.
void check_launched(int code, const char* what);

/// x [B, H, rows, K] as kernels read it, a copy if it must be: numbers of a row side by side, rows
/// from multiples of 16 bytes.
torch::Tensor readable_rows(const torch::Tensor& x);
cuda::Rows rows_of(const torch::Tensor& x);

/// Like x [B, H, rows, K] and not filled, heads side by side in memory: as a projection wants them.
torch::Tensor heads_side_by_side(const torch::Tensor& x);

/// a b with float32 sums as float32, rounded on the way only where the device cannot leave that
/// out. No gradients.
torch::Tensor float_product(const torch::Tensor& a, const torch::Tensor& b);

}  // namespace lengthwise
