#pragma once

#include <cuda_runtime.h>

#include <functional>

/// The functions of primitives.cuh on a CPU, after the PTX ISA and not after their callers: a block
/// of threads is a set of coroutines that meet at barriers and at the warp's instructions. Shared
/// memory begins as NaN, a copy writes NaN until it is waited for, and warps run ahead of each
/// other at random: a forgotten wait or barrier shows as NaN. An address outside shared memory ends
/// the program.
namespace lengthwise::cuda {

char* shared_memory();
uint32_t shared_address(const void* pointer);
void copy_16_bytes(uint32_t shared, const void* global, bool valid);
void copy_4_bytes(uint32_t shared, const void* global, bool valid);
void wait_for_copies();
void block_barrier();
void load_matrices(uint32_t (&to)[4], uint32_t address);
void load_matrices_transposed(uint32_t (&to)[4], uint32_t address);
void multiply_add(float (&sum)[4], const uint32_t (&a)[4], uint32_t b0, uint32_t b1);
uint32_t pack(float first, float second);
inline float exp2_fast(float x) {
  return std::exp2(x);
}
float from_lane_xor(float value, int mask);
float from_lane(float value, int lane);

/// Runs a grid, one block after the other.
void run_grid(const std::function<void()>& thread, dim3 grid, int threads, int shared_bytes);

template <class Arguments>
cudaError_t launch(void (*kernel)(Arguments), dim3 grid, int threads, int shared_bytes,
                   cudaStream_t, const Arguments& arguments) {
  run_grid([&] { kernel(arguments); }, grid, threads, shared_bytes);
  return cudaSuccess;
}

}  // namespace lengthwise::cuda
