#pragma once

/// Stands in for CUDA's header where the kernels are compiled for the CPU: as much of it as they,
/// their launches and the self-test use. "Device" memory is the host's, filled with NaN.

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <cstring>

#define __device__
#define __host__
#define __global__
#define __grid_constant__
#define __launch_bounds__(...)

enum cudaError_t : int { cudaSuccess = 0, cudaErrorMemoryAllocation = 2 };
enum cudaMemcpyKind { cudaMemcpyHostToDevice, cudaMemcpyDeviceToHost };
using cudaStream_t = struct CUstream_st*;
using cudaEvent_t = struct CUevent_st*;

struct dim3 {
  unsigned x, y, z;
  dim3(unsigned x = 1, unsigned y = 1, unsigned z = 1) : x(x), y(y), z(z) {}
};
struct alignas(16) uint4 {
  uint32_t x, y, z, w;
};
struct alignas(16) float4 {
  float x, y, z, w;
};
struct alignas(8) uint2 {
  uint32_t x, y;
};
extern dim3 threadIdx, blockIdx, blockDim, gridDim;

// CUDA's own header has them in the global namespace too.
using std::max;  // NOLINT(google-global-names-in-headers)
using std::min;  // NOLINT(google-global-names-in-headers)
inline float __uint_as_float(uint32_t bits) {
  return std::bit_cast<float>(bits);
}

inline const char* cudaGetErrorString(cudaError_t) {
  return "an emulated error";
}
inline cudaError_t cudaGetLastError() {
  return cudaSuccess;
}
inline cudaError_t cudaDeviceSynchronize() {
  return cudaSuccess;
}
inline cudaError_t cudaMalloc(void** to, size_t bytes) {
  *to = std::aligned_alloc(16, (bytes + 15) / 16 * 16);
  if (*to == nullptr) return cudaErrorMemoryAllocation;
  std::memset(*to, 0xff, bytes);
  return cudaSuccess;
}
inline cudaError_t cudaFree(void* memory) {
  std::free(memory);
  return cudaSuccess;
}
inline cudaError_t cudaMemcpy(void* to, const void* from, size_t bytes, cudaMemcpyKind) {
  std::memcpy(to, from, bytes);
  return cudaSuccess;
}
inline cudaError_t cudaMemset(void* to, int value, size_t bytes) {
  std::memset(to, value, bytes);
  return cudaSuccess;
}
inline cudaError_t cudaEventCreate(cudaEvent_t*) {
  return cudaSuccess;
}
inline cudaError_t cudaEventRecord(cudaEvent_t, cudaStream_t = nullptr) {
  return cudaSuccess;
}
inline cudaError_t cudaEventSynchronize(cudaEvent_t) {
  return cudaSuccess;
}
inline cudaError_t cudaEventElapsedTime(float* to, cudaEvent_t, cudaEvent_t) {
  *to = 1;
  return cudaSuccess;
}
