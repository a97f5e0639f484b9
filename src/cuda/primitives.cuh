#pragma once

/// The few instructions of the device that C++ has no word for, one function each. With
/// LENGTHWISE_EMULATE the same names come from emulate/emulate.h, which runs the kernels on a CPU:
/// the test of every index without a device.

#ifdef LENGTHWISE_EMULATE
#include "emulate/emulate.h"
#else

#include <cuda_runtime.h>

#include <cstdint>

namespace lengthwise::cuda {

/// The block's dynamic shared memory.
__device__ inline char* shared_memory() {
  extern __shared__ __align__(128) char memory[];
  return memory;
}

__device__ inline uint32_t shared_address(const void* pointer) {
  return static_cast<uint32_t>(__cvta_generic_to_shared(pointer));
}

/// 16 bytes from global to shared memory behind the thread's back, zeros where not valid.
__device__ inline void copy_16_bytes(uint32_t shared, const void* global, bool valid) {
  asm volatile("cp.async.cg.shared.global.L2::128B [%0], [%1], 16, %2;\n" ::"r"(shared),
               "l"(__cvta_generic_to_global(global)), "r"(valid ? 16 : 0)
               : "memory");
}

__device__ inline void copy_4_bytes(uint32_t shared, const void* global, bool valid) {
  asm volatile("cp.async.ca.shared.global [%0], [%1], 4, %2;\n" ::"r"(shared),
               "l"(__cvta_generic_to_global(global)), "r"(valid ? 4 : 0)
               : "memory");
}

/// The thread's own copies have arrived; others' only after the block's barrier.
__device__ inline void wait_for_copies() {
  asm volatile("cp.async.wait_all;\n" ::: "memory");
}

__device__ inline void block_barrier() {
  __syncthreads();
}

/// ldmatrix.x4: four 8 x 8 matrices of bfloat16. Lane l gives the address of row l % 8 of matrix
/// l / 8, 16 bytes; register m of lane l receives elements 2 (l % 4) and + 1 of row l / 4 of
/// matrix m, the first in the lower half.
__device__ inline void load_matrices(uint32_t (&to)[4], uint32_t address) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];\n"
               : "=r"(to[0]), "=r"(to[1]), "=r"(to[2]), "=r"(to[3])
               : "r"(address));
}

/// The same, each matrix transposed: register m of lane l receives column l / 4 of matrix m at rows
/// 2 (l % 4) and + 1.
__device__ inline void load_matrices_transposed(uint32_t (&to)[4], uint32_t address) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0, %1, %2, %3}, [%4];\n"
               : "=r"(to[0]), "=r"(to[1]), "=r"(to[2]), "=r"(to[3])
               : "r"(address));
}

/// sum [16, 8] += a [16, 16] b [16, 8]. With g = lane / 4 and t = lane % 4, a register holding two
/// numbers, the lower half first (PTX ISA, "Matrix fragments for mma.m16n8k16", .bf16):
///   a[0]: row g, columns 2t, 2t+1       a[1]: row g + 8, columns 2t, 2t+1
///   a[2]: row g, columns 2t+8, 2t+9     a[3]: row g + 8, columns 2t+8, 2t+9
///   b0: rows 2t, 2t+1 of column g       b1: rows 2t+8, 2t+9 of column g
///   sum[0], [1]: row g, columns 2t, 2t+1     sum[2], [3]: row g + 8, the same columns
__device__ inline void multiply_add(float (&sum)[4], const uint32_t (&a)[4], uint32_t b0,
                                    uint32_t b1) {
  asm volatile(
      "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, "
      "{%8, %9}, {%0, %1, %2, %3};\n"
      : "+f"(sum[0]), "+f"(sum[1]), "+f"(sum[2]), "+f"(sum[3])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
}

/// Two numbers rounded to bfloat16, the first in the lower half.
__device__ inline uint32_t pack(float first, float second) {
  uint32_t both;
  asm("cvt.rn.bf16x2.f32 %0, %1, %2;\n" : "=r"(both) : "f"(second), "f"(first));
  return both;
}

__device__ inline float exp2_fast(float x) {
  float y;
  asm("ex2.approx.ftz.f32 %0, %1;\n" : "=f"(y) : "f"(x));
  return y;
}

/// The value of lane ^ mask, and of a lane; every lane of the warp takes part.
__device__ inline float from_lane_xor(float value, int mask) {
  return __shfl_xor_sync(0xffffffffU, value, mask);
}
__device__ inline float from_lane(float value, int lane) {
  return __shfl_sync(0xffffffffU, value, lane);
}

template <class Arguments>
cudaError_t launch(void (*kernel)(Arguments), dim3 grid, int threads, int shared_bytes,
                   cudaStream_t stream, const Arguments& arguments) {
  // Beyond 48 KB a kernel has to ask, and where two blocks are to share a multiprocessor nearly all
  // of its memory must be shared memory.
  if (shared_bytes > 48 * 1024) {
    auto error =
        cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, shared_bytes);
    if (error != cudaSuccess) return error;
    error = cudaFuncSetAttribute(kernel, cudaFuncAttributePreferredSharedMemoryCarveout,
                                 cudaSharedmemCarveoutMaxShared);
    if (error != cudaSuccess) return error;
  }
  void* pointers[] = {const_cast<Arguments*>(&arguments)};
  return cudaLaunchKernel(reinterpret_cast<const void*>(kernel), grid, dim3(threads), pointers,
                          shared_bytes, stream);
}

}  // namespace lengthwise::cuda

#endif
