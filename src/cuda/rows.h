#pragma once

#include <cstdint>

struct CUstream_st;  // *cudaStream_t, without CUDA's headers

namespace lengthwise::cuda {

/// bfloat16 [B, H, rows, K] in the device's memory. Strides count elements; the last one is 1.
/// Every row begins at a multiple of 16 bytes.
struct Rows {
  void* data = nullptr;
  int64_t batch_stride = 0, head_stride = 0, row_stride = 0;
};

}  // namespace lengthwise::cuda
