#pragma once

#include <cstdint>

#include "rows.h"

/// What a training step does beside its products, one pass over memory each. All sums are made in
/// an order that does not depend on the order in which blocks run: the same call gives the same
/// bits. bfloat16 numbers are void*, [N, D] is row by row without gaps unless a stride is named.
///
/// Every call puts its kernels on the stream and returns 0, or an error code: 1 where an argument
/// is outside what the struct's comment allows (nothing has been launched), else
/// 1000 + a cudaError_t.
namespace lengthwise::cuda {

/// The rows of a chunk of logits [N, V] in place of their cross-entropy and its gradient.
struct LossRows {
  const float* logits = nullptr;     // 16-byte aligned
  int64_t logits_stride = 0;         // a multiple of 4, at least V
  const int64_t* targets = nullptr;  // [N], 0 ... V-1
  void* gradient = nullptr;          // bfloat16: (softmax - one-hot) weight; 0 in columns from V on
  int64_t gradient_stride = 0;       // a multiple of 4, at least V; all of it is written
  float* nats = nullptr;             // [N]: ln sum exp - the target's logit
  int64_t rows = 0, vocabulary = 0;  // N, V
  float weight = 1;
};

/// Pairs of dimensions of x [B, H, T, K] turned: (a, b) -> (a c - b s, b c + a s) by the row's
/// cosines c and sines s, which may be times a factor. Dimensions from R on are multiplied by
/// rest_factor. K and R are multiples of 8, R may be 0: a copy.
struct TurnedRows {
  Rows from, to;                   // one and the same, or apart
  const float* cosines = nullptr;  // [T, R/2], 16-byte aligned
  const float* sines = nullptr;
  int64_t batch = 0, heads = 0, rows = 0, width = 0, turned = 0;  // B, H, T, K, R
  int32_t neighbours = 0;  // the pairs: 0: (i, i + R/2); 1: (2i, 2i + 1)
  float direction = 1;     // -1: by the opposite angles, which is the gradient's turn
  float rest_factor = 1;
};

/// sum = x + branch, then normed = (sum - mean) rstd weight + bias: layer norm; without a bias the
/// mean is 0 and rstd is of the squares: RMS norm. D is a multiple of 4, at most 8192.
struct NormForward {
  const float* x = nullptr;       // [N, D]
  const void* branch = nullptr;   // [N, D] bfloat16; null: nothing is added and sum not written
  const float* weight = nullptr;  // [D]
  const float* bias = nullptr;    // [D]; null: RMS norm
  float* sum = nullptr;           // [N, D]
  void* normed = nullptr;         // [N, D] bfloat16
  float* statistics = nullptr;    // [N, 2]: mean and rstd
  int64_t rows = 0, width = 0;    // N, D
  float epsilon = 0;
};

struct NormBackward {
  const float* sum = nullptr;         // [N, D], as forward left it, and the statistics
  const float* statistics = nullptr;  // [N, 2]
  const float* weight = nullptr;      // [D]
  const void* d_normed = nullptr;     // [N, D] bfloat16
  const float* d_sum = nullptr;       // [N, D]: what reached the sum by other ways; null: nothing
  float* d_x = nullptr;               // [N, D]
  void* d_branch = nullptr;           // [N, D] bfloat16, d_x rounded; null: not asked for
  float* d_weight = nullptr;          // [D]
  float* d_bias = nullptr;            // [D]; null: RMS norm
  float* workspace = nullptr;         // lengthwise_norm_workspace numbers
  int64_t rows = 0, width = 0;        // N, D
};

enum class Slope : int32_t {
  one,         // columns are summed, nothing else
  relu,        // saved: what relu gave
  gelu,        // saved: what gelu (exact, by erf) was given
  silu_gated,  // saved: the gate, and the other factor beside it
};

/// The gradient behind an activation of [N, F] bfloat16, and the sums of its columns, which are
/// the gradient of a bias before it. F is a multiple of 8. silu_gated: y = silu(gate) other.
struct ActivationBackward {
  const void* d_output = nullptr;
  const void* saved = nullptr;  // not read for Slope::one
  const void* other = nullptr;  // silu_gated alone
  void* d_input = nullptr;      // not written for Slope::one; silu_gated: the gate's
  void* d_other = nullptr;
  float* d_bias = nullptr;        // [F], columns of d_input (Slope::one: of d_output)
  float* d_other_bias = nullptr;  // [F]
  float* workspace = nullptr;     // lengthwise_activation_workspace numbers
  int64_t rows = 0, width = 0;    // N, F
  Slope slope = Slope::one;
};

/// output = silu(gate) other, [count] bfloat16; count is a multiple of 8.
struct GatedForward {
  const void* gate = nullptr;
  const void* other = nullptr;
  void* output = nullptr;
  int64_t count = 0;
};

/// A tensor of AdamW's list, all [count] float32.
struct AdamWTensor {
  float* value = nullptr;
  const float* gradient = nullptr;
  float* mean = nullptr;
  float* square = nullptr;
  int64_t count = 0;
};

/// Loshchilov and Hutter 2019 (1711.05101), step counted from 1, of gradients times *factor.
struct AdamWUpdate {
  const AdamWTensor* tensors = nullptr;  // the list is read before the call returns
  int64_t count = 0;
  const float* factor = nullptr;  // on the device; null: 1
  double learning_rate = 0, beta1 = 0, beta2 = 0, weight_decay = 0, epsilon = 0;
  int64_t step = 1;
};

extern "C" {

int lengthwise_loss_rows(const LossRows* call, CUstream_st* stream);
int lengthwise_turned_rows(const TurnedRows* call, CUstream_st* stream);
int lengthwise_norm_forward(const NormForward* call, CUstream_st* stream);
int64_t lengthwise_norm_workspace(int64_t width);
int lengthwise_norm_backward(const NormBackward* call, CUstream_st* stream);
int64_t lengthwise_activation_workspace(int64_t width);
int lengthwise_activation_backward(const ActivationBackward* call, CUstream_st* stream);
int lengthwise_gated_forward(const GatedForward* call, CUstream_st* stream);
int lengthwise_adamw(const AdamWUpdate* call, CUstream_st* stream);
}

}  // namespace lengthwise::cuda
