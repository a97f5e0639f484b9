#include "attention.h"

#include <algorithm>
#include <initializer_list>

#include "launches.h"

namespace lengthwise::cuda {
namespace {

enum Code : int {
  kFine = 0,
  kNullPointer,
  kBadShape,
  kBadWidth,
  kTooLarge,
  kBadVisibility,
  kBadAlignment,
  kBadBiasStride,
  kSmallWorkspace,
  kCudaError = 1000,
};

/// Where places, distances and sums of two of them still are ints.
constexpr int64_t kLongest = int64_t{1} << 29;
constexpr int64_t kMostBlocks = 65535;  // of a grid's second and third dimension

int code_of(cudaError_t error) {
  return error == cudaSuccess ? kFine : kCudaError + static_cast<int>(error);
}

bool is_width(int64_t width) {
  return width == 16 || width == 32 || width == 64 || width == 96 || width == 128;
}

int check_shape(const AttentionShape& shape) {
  if (shape.batch <= 0 || shape.heads <= 0 || shape.queries <= 0 || shape.length <= 0 ||
      shape.queries > shape.length) {
    return kBadShape;
  }
  if (!is_width(shape.width)) return kBadWidth;
  if (shape.batch > kMostBlocks || shape.heads > kMostBlocks || shape.length > kLongest) {
    return kTooLarge;
  }
  if (shape.window < 0 || shape.sinks < 0) return kBadVisibility;
  if (shape.bias != nullptr && shape.heads > 1 && shape.bias_stride < shape.length) {
    return kBadBiasStride;
  }
  return kFine;
}

int check_rows(std::initializer_list<Rows> all) {
  for (const Rows& rows : all) {
    if (rows.data == nullptr) return kNullPointer;
    if (reinterpret_cast<uintptr_t>(rows.data) % 16 != 0 || rows.batch_stride % 8 != 0 ||
        rows.head_stride % 8 != 0 || rows.row_stride % 8 != 0) {
      return kBadAlignment;
    }
  }
  return kFine;
}

Problem problem_of(const AttentionShape& shape) {
  Problem problem;
  problem.heads = static_cast<int>(shape.heads);
  problem.queries = static_cast<int>(shape.queries);
  problem.length = static_cast<int>(shape.length);
  const bool everything = shape.window == 0 || shape.window >= shape.length;
  problem.window = static_cast<int>(everything ? shape.length : shape.window);
  problem.sinks = static_cast<int>(everything ? 0 : std::min(shape.sinks, shape.length));
  problem.scale = shape.scale;
  problem.bias = shape.bias;
  problem.bias_stride = shape.bias_stride;
  problem.bias_length = problem.length;
  return problem;
}

/// Calls run.operator()<K>().
template <class Run>
auto with_width(int64_t width, Run&& run) {
  switch (width) {
    case 16:
      return run.template operator()<16>();
    case 32:
      return run.template operator()<32>();
    case 64:
      return run.template operator()<64>();
    case 96:
      return run.template operator()<96>();
    default:
      return run.template operator()<128>();
  }
}

/// Bytes of the workspace's two parts.
struct Workspace {
  int64_t delta, partial;

  Workspace(const AttentionShape& shape, bool bias) {
    const int64_t heads = shape.batch * shape.heads;
    const int64_t blocks = (shape.queries + kQueryBlock - 1) / kQueryBlock;
    delta = (heads * shape.queries * 4 + 15) / 16 * 16;
    partial = bias ? heads * blocks * shape.length * 4 : 0;
  }
};

int check_backward(const AttentionBackward& call) {
  if (const int code = check_shape(call.shape)) return code;
  if (const int code = check_rows(
          {call.q, call.k, call.v, call.output, call.d_output, call.d_q, call.d_k, call.d_v})) {
    return code;
  }
  if (call.log_sum == nullptr || call.workspace == nullptr) return kNullPointer;
  if (reinterpret_cast<uintptr_t>(call.workspace) % 16 != 0) return kBadAlignment;
  if (call.d_bias != nullptr && call.shape.heads > 1 && call.d_bias_stride < call.shape.length) {
    return kBadBiasStride;
  }
  const Workspace workspace(call.shape, call.d_bias != nullptr);
  return call.workspace_bytes < workspace.delta + workspace.partial ? kSmallWorkspace : kFine;
}

template <int K>
cudaError_t run_backward(const BackwardArguments& arguments, bool bias, cudaStream_t stream) {
  if (const auto error = launch_delta<K>(arguments, stream)) return error;
  if (const auto error = launch_key_gradients<K>(arguments, bias, stream)) return error;
  if (const auto error = launch_query_gradients<K>(arguments, bias, stream)) return error;
  return arguments.partial != nullptr ? launch_bias_sum(arguments, stream) : cudaSuccess;
}

}  // namespace

extern "C" {

int lengthwise_attention_forward(const AttentionForward* call, CUstream_st* stream) {
  if (call == nullptr) return kNullPointer;
  if (const int code = check_shape(call->shape)) return code;
  if (const int code = check_rows({call->q, call->k, call->v, call->output})) return code;
  if (call->log_sum == nullptr) return kNullPointer;
  const ForwardArguments arguments{
      problem_of(call->shape), call->q, call->k, call->v, call->output, call->log_sum};
  return code_of(with_width(call->shape.width, [&]<int K>() {
    return launch_forward<K>(arguments, static_cast<int>(call->shape.batch),
                             call->shape.bias != nullptr, stream);
  }));
}

int64_t lengthwise_attention_workspace(const AttentionBackward* call) {
  if (call == nullptr || check_shape(call->shape) != kFine) return -1;
  const Workspace workspace(call->shape, call->d_bias != nullptr);
  return workspace.delta + workspace.partial;
}

int lengthwise_attention_backward(const AttentionBackward* call, CUstream_st* stream) {
  if (call == nullptr) return kNullPointer;
  if (const int code = check_backward(*call)) return code;
  const bool bias = call->shape.bias != nullptr;
  auto* delta = static_cast<char*>(call->workspace);
  const Workspace workspace(call->shape, call->d_bias != nullptr);
  BackwardArguments arguments;
  arguments.problem = problem_of(call->shape);
  arguments.batch = static_cast<int>(call->shape.batch);
  arguments.q = call->q;
  arguments.k = call->k;
  arguments.v = call->v;
  arguments.output = call->output;
  arguments.d_output = call->d_output;
  arguments.d_q = call->d_q;
  arguments.d_k = call->d_k;
  arguments.d_v = call->d_v;
  arguments.log_sum = call->log_sum;
  arguments.delta = reinterpret_cast<float*>(delta);
  arguments.partial =
      call->d_bias != nullptr ? reinterpret_cast<float*>(delta + workspace.delta) : nullptr;
  arguments.d_bias = call->d_bias;
  arguments.d_bias_stride = call->d_bias_stride;
  if (!bias) {
    // A gradient at a bias of zeros: the kernel reads none of it, from a pointer that is one.
    arguments.problem.bias = call->log_sum;
    arguments.problem.bias_stride = 0;
    arguments.problem.bias_length = 0;
  }
  return code_of(with_width(call->shape.width,
                            [&]<int K>() { return run_backward<K>(arguments, bias, stream); }));
}

const char* lengthwise_attention_message(int code) {
  switch (code) {
    case kFine:
      return "no error";
    case kNullPointer:
      return "attention: a pointer that is needed is null";
    case kBadShape:
      return "attention: B, H, Q, T must be positive and Q at most T";
    case kBadWidth:
      return "attention: a head's width K must be 16, 32, 64, 96 or 128";
    case kTooLarge:
      return "attention: B and H must be at most 65535, T at most 2^29";
    case kBadVisibility:
      return "attention: window and sinks must not be negative";
    case kBadAlignment:
      return "attention: rows must begin at multiples of 16 bytes: pointers and strides";
    case kBadBiasStride:
      return "attention: the stride between heads' biases must be at least T";
    case kSmallWorkspace:
      return "attention: the workspace is too small for this call";
    default:
      return code > kCudaError ? cudaGetErrorString(static_cast<cudaError_t>(code - kCudaError))
                               : "attention: no such error code";
  }
}
}

}  // namespace lengthwise::cuda
