#include <cmath>

#include "fused.cuh"

namespace lengthwise::cuda {
namespace {

constexpr int kThreads = 256;
constexpr int kPiece = 4 * kThreads * 4;  // numbers of a block
constexpr int kTensors = 64;              // a launch: its arguments fit in 4 KB

struct Arguments {
  AdamWTensor tensors[kTensors];
  int first_block[kTensors + 1];
  int count;
  const float* factor;
  // decay: 1 - rate * weight_decay; rate: over 1 - beta1^t; root: 1 / sqrt(1 - beta2^t)
  float decay, rate, root, beta1, beta2, epsilon;
  float rest1, rest2;  // 1 - beta1 and 1 - beta2, each rounded once
};

__device__ inline void update_one(const Arguments& a, float& value, float gradient, float& mean,
                                  float& square) {
  mean = a.beta1 * mean + a.rest1 * gradient;
  square = a.beta2 * square + a.rest2 * gradient * gradient;
  value = value * a.decay - a.rate * mean / (sqrtf(square) * a.root + a.epsilon);
}

__global__ void __launch_bounds__(kThreads) update(const __grid_constant__ Arguments a) {
  const int block = static_cast<int>(blockIdx.x);
  int which = 0;
  for (int step = kTensors / 2; step > 0; step /= 2) {
    if (which + step < a.count && a.first_block[which + step] <= block) which += step;
  }
  const AdamWTensor& tensor = a.tensors[which];
  const float factor = a.factor != nullptr ? *a.factor : 1.0f;
  const int64_t begin = static_cast<int64_t>(block - a.first_block[which]) * kPiece;
#pragma unroll
  for (int round = 0; round < kPiece / (4 * kThreads); ++round) {
    const int64_t index = begin + 4 * (round * kThreads + static_cast<int>(threadIdx.x));
    if (index + 4 <= tensor.count) {
      float value[4], gradient[4], mean[4], square[4];
      load_4(value, tensor.value + index);
      load_4(gradient, tensor.gradient + index);
      load_4(mean, tensor.mean + index);
      load_4(square, tensor.square + index);
#pragma unroll
      for (int i = 0; i < 4; ++i) update_one(a, value[i], gradient[i] * factor, mean[i], square[i]);
      store_4(tensor.value + index, value);
      store_4(tensor.mean + index, mean);
      store_4(tensor.square + index, square);
    } else {
      for (int64_t i = index; i < tensor.count; ++i) {
        update_one(a, tensor.value[i], tensor.gradient[i] * factor, tensor.mean[i],
                   tensor.square[i]);
      }
    }
  }
}

bool fits(const AdamWTensor& tensor) {
  return tensor.count > 0 && tensor.count < (int64_t{1} << 40) && is_aligned(tensor.value, 16) &&
         is_aligned(tensor.gradient, 16) && is_aligned(tensor.mean, 16) &&
         is_aligned(tensor.square, 16);
}

}  // namespace

extern "C" int lengthwise_adamw(const AdamWUpdate* call, CUstream_st* stream) {
  for (int64_t i = 0; i < call->count; ++i) {
    if (!fits(call->tensors[i])) return kBadArgument;
  }
  const auto t = static_cast<double>(call->step);
  Arguments arguments{};
  arguments.factor = call->factor;
  arguments.decay = static_cast<float>(1 - call->learning_rate * call->weight_decay);
  arguments.rate = static_cast<float>(call->learning_rate / (1 - std::pow(call->beta1, t)));
  arguments.root = static_cast<float>(1 / std::sqrt(1 - std::pow(call->beta2, t)));
  arguments.beta1 = static_cast<float>(call->beta1);
  arguments.beta2 = static_cast<float>(call->beta2);
  arguments.rest1 = static_cast<float>(1 - call->beta1);
  arguments.rest2 = static_cast<float>(1 - call->beta2);
  arguments.epsilon = static_cast<float>(call->epsilon);
  for (int64_t begin = 0; begin < call->count; begin += kTensors) {
    int blocks = 0;
    arguments.count =
        static_cast<int>(call->count - begin < kTensors ? call->count - begin : int64_t{kTensors});
    for (int i = 0; i < arguments.count; ++i) {
      arguments.tensors[i] = call->tensors[begin + i];
      arguments.first_block[i] = blocks;
      blocks += static_cast<int>((arguments.tensors[i].count + kPiece - 1) / kPiece);
    }
    const auto error = launch(update, dim3(blocks), kThreads, 0, stream, arguments);
    if (error != cudaSuccess) return code_of(error);
  }
  return 0;
}

}  // namespace lengthwise::cuda
