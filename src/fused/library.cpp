#include "fused/library.h"

#include <ATen/ops/mm.h>
#include <c10/core/impl/VirtualGuardImpl.h>
#include <dlfcn.h>

// torch::kCPU together with the kernels compiled for the emulator of tests/cuda: a test of what
// calls them without a device.
#ifndef LENGTHWISE_KERNEL_DEVICE
#define LENGTHWISE_KERNEL_DEVICE torch::kCUDA
#endif

namespace lengthwise {
namespace {

using torch::Tensor;

constexpr const char* kLibrary = "liblengthwise_cuda.so";
constexpr int64_t kRowBytes = 16;

std::optional<CudaKernels>& opened() {
  static std::optional<CudaKernels> kernels;
  return kernels;
}

}  // namespace

std::string open_cuda_kernels() {
  if (opened()) return {};
  void* library = ::dlopen(kLibrary, RTLD_NOW);
  if (library == nullptr) return ::dlerror();
  bool complete = true;
  const auto find = [&](const char* name, auto& function) {
    function = reinterpret_cast<std::decay_t<decltype(function)>>(::dlsym(library, name));
    complete = complete && function != nullptr;
  };
  CudaKernels found{};
  find("lengthwise_attention_forward", found.attention_forward);
  find("lengthwise_attention_backward", found.attention_backward);
  find("lengthwise_attention_workspace", found.attention_workspace);
  find("lengthwise_attention_message", found.attention_message);
  find("lengthwise_loss_rows", found.loss_rows);
  find("lengthwise_turned_rows", found.turned_rows);
  find("lengthwise_norm_forward", found.norm_forward);
  find("lengthwise_norm_workspace", found.norm_workspace);
  find("lengthwise_norm_backward", found.norm_backward);
  find("lengthwise_activation_workspace", found.activation_workspace);
  find("lengthwise_activation_backward", found.activation_backward);
  find("lengthwise_gated_forward", found.gated_forward);
  find("lengthwise_adamw", found.adamw);
  if (!complete) return std::string(kLibrary) + " is of another version";
  opened() = found;
  return {};
}

const CudaKernels& cuda_kernels() {
  return opened().value();
}

bool kernels_reach(const Tensor& x) {
  return opened() && x.device().type() == LENGTHWISE_KERNEL_DEVICE;
}

CUstream_st* stream_of(const Tensor& x) {
  if (!x.is_cuda()) return nullptr;
  const auto stream = c10::impl::VirtualGuardImpl(torch::kCUDA).getStream(x.device());
  return static_cast<CUstream_st*>(stream.native_handle());
}

void check_launched(int code, const char* what) {
  constexpr int kCudaError = 1000;
  TORCH_CHECK(code == 0, what, ": ",
              code < kCudaError ? "an argument is outside what the kernel takes"
                                : cuda_kernels().attention_message(code));
}

Tensor readable_rows(const Tensor& x) {
  const auto aligned = [&](int64_t dim) {
    return x.stride(dim) * x.element_size() % kRowBytes == 0;
  };
  const bool fits = x.stride(3) == 1 && aligned(0) && aligned(1) && aligned(2) &&
                    reinterpret_cast<uintptr_t>(x.const_data_ptr()) % kRowBytes == 0;
  return fits ? x : x.contiguous();
}

cuda::Rows rows_of(const Tensor& x) {
  return {x.data_ptr(), x.stride(0), x.stride(1), x.stride(2)};
}

Tensor heads_side_by_side(const Tensor& x) {
  return torch::empty({x.size(0), x.size(2), x.size(1), x.size(3)}, x.options()).transpose(1, 2);
}

Tensor float_product(const Tensor& a, const Tensor& b) {
  if (a.is_cuda() && a.scalar_type() != torch::kFloat32) return at::mm(a, b, torch::kFloat32);
  return at::mm(a, b).to(torch::kFloat32);
}

}  // namespace lengthwise
