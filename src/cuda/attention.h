#pragma once

#include <cstdint>

#include "rows.h"

/// Fused causal attention on a CUDA device (sm_80, sm_90: it takes up to 112 KB of shared memory a
/// block) whose logits may carry a bias that is a function of the distance i - j alone, with its
/// gradients. After Dao 2023, "FlashAttention-2", arXiv 2307.08691; the bias by distance, the
/// window and the sinks are added to it.
///
///   output = softmax(scale q k' + bias[h][i - j]) v    over the keys j that a query i sees
///
/// B batch, H heads, T keys, Q <= T queries (the last Q of the T places: query row r stands at
/// place T - Q + r), K the width of a head, one of 16, 32, 64, 96, 128. Tiles of keys that no query
/// of a block sees are skipped; the bias may be minus infinity, but not at distance 0.
///
/// Products are of bfloat16 with float32 sums; softmax, bias and sums are float32; the weights and
/// the logits' gradients are rounded to bfloat16 before they are multiplied. No sum depends on the
/// order in which blocks run: the same call gives the same bits.
namespace lengthwise::cuda {

struct AttentionShape {
  int64_t batch = 0, heads = 0, queries = 0, length = 0, width = 0;  // B, H, Q, T, K
  float scale = 1;
  const float* bias = nullptr;  // [H, T], added at distance i - j; null: nothing is added
  int64_t bias_stride = 0;      // elements between two heads' vectors
  int64_t window = 0;           // a query sees itself and window - 1 before it; 0: all
  int64_t sinks = 0;            // the first keys of the text, seen by all that come after them
};

struct AttentionForward {
  AttentionShape shape;
  Rows q, k, v;
  Rows output;               // [B, H, Q, K], written
  float* log_sum = nullptr;  // [B, H, Q] contiguous, written: ln sum exp of the biased logits
};

struct AttentionBackward {
  AttentionShape shape;
  Rows q, k, v, output, d_output;  // d_output: the gradient of output
  const float* log_sum = nullptr;  // as forward left it
  Rows d_q, d_k, d_v;              // written
  float* d_bias = nullptr;         // [H, T], written; null: not asked for
  int64_t d_bias_stride = 0;       // elements between two heads' vectors
  void* workspace = nullptr;       // on the device, aligned to 16 bytes
  int64_t workspace_bytes = 0;     // at least what lengthwise_attention_workspace says
};

extern "C" {

/// Both put their kernels on the stream and return; 0, or an error code: below 1000 of the
/// arguments (nothing has been launched), else 1000 + a cudaError_t.
int lengthwise_attention_forward(const AttentionForward* call, CUstream_st* stream);
int lengthwise_attention_backward(const AttentionBackward* call, CUstream_st* stream);

/// Bytes of workspace that the call needs, -1 for a shape that is none. With d_bias about
/// 4 B H T Q / 128: one vector a block of queries.
int64_t lengthwise_attention_workspace(const AttentionBackward* call);

/// What an error code says; a constant text.
const char* lengthwise_attention_message(int code);
}

}  // namespace lengthwise::cuda
