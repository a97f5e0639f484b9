#include "model/device.h"

#include <ATen/Context.h>
#include <ATen/cpu/Utils.h>
#include <c10/core/CachingDeviceAllocator.h>
#include <c10/core/impl/VirtualGuardImpl.h>
#include <dlfcn.h>
#include <spdlog/spdlog.h>

#include <cstdlib>
#include <regex>

#include "base/error.h"
#include "base/memory.h"
#include "fused/library.h"

namespace lengthwise {
namespace {

std::string first_line(const char* text) {
  const std::string all = text;
  return all.substr(0, all.find('\n'));
}

/// LibTorch remembers a backend as absent once asked, so it is loaded before any question.
void load_cuda(const std::string& name) {
  // cuBLAS adds up in one order only with workspaces of a fixed size.
  ::setenv("CUBLAS_WORKSPACE_CONFIG", ":4096:8", /*overwrite=*/0);
  if (::dlopen("libtorch_cuda.so", RTLD_NOW | RTLD_GLOBAL) == nullptr) {
    fail("run.device: {}: {}; scripts/setup --cuda installs what is missing, cpu needs nothing",
         name, ::dlerror());
  }
  auto& context = at::globalContext();
  context.setDeterministicAlgorithms(true, /*warn_only=*/true);
  context.setDeterministicFillUninitializedMemory(false);
}

void check_usable(const std::string& name, const torch::Device& device) {
  const int64_t count = at::detail::getCUDAHooks().getNumGPUs();
  if (count > 0 && device.index() >= count) {
    fail("run.device: {}: this machine has {} CUDA device{}, cuda:0 to cuda:{}", name, count,
         count == 1 ? "" : "s", count - 1);
  }
  try {
    torch::zeros({1}, device);
  } catch (const c10::Error& error) {
    fail("run.device: {}: {}; choose cpu", name, first_line(error.what_without_backtrace()));
  }
}

/// From the driver, whose interface in C does not change.
template <class Function>
Function driver_function(const char* name) {
  void* driver = ::dlopen("libcuda.so.1", RTLD_NOW);
  return driver == nullptr ? nullptr : reinterpret_cast<Function>(::dlsym(driver, name));
}

int compute_capability(const torch::Device& device) {
  constexpr int kMajor = 75;  // CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR
  const auto attribute = driver_function<int (*)(int*, int, int)>("cuDeviceGetAttribute");
  int major = 0;
  return attribute != nullptr && attribute(&major, kMajor, device.index()) == 0 ? major : 0;
}

bool multiplies_bf16(const torch::Device& device) {
  if (device.is_cuda()) return compute_capability(device) >= 8;
  if (!device.is_cpu()) return true;
  const auto has = at::cpu::get_cpu_capabilities();
  for (const char* feature : {"avx512_bf16", "amx_bf16", "arm_bf16"}) {
    const auto found = has.find(feature);
    if (found != has.end() && found->second.isBool() && found->second.toBool()) return true;
  }
  return false;
}

}  // namespace

torch::Device open_device(const std::string& name) {
  static const std::regex kCuda("cuda(:[0-9]{1,2})?");
  if (name == "cpu") return torch::kCPU;
  if (!std::regex_match(name, kCuda)) {
    fail("run.device: '{}' is no device; cpu, cuda or cuda:1", name);
  }
  load_cuda(name);
  const int index = name == "cuda" ? 0 : std::atoi(name.c_str() + std::string("cuda:").size());
  const torch::Device device(torch::kCUDA, static_cast<c10::DeviceIndex>(index));
  check_usable(name, device);
  if (const std::string missing = open_cuda_kernels(); !missing.empty()) {
    spdlog::warn("the slower twins of the CUDA kernels are used: {}", missing);
  }
  return device;
}

std::string product_name(const torch::Device& device) {
  if (!device.is_cuda()) return device.str();
  char text[256] = "";
  const auto name = driver_function<int (*)(char*, int, int)>("cuDeviceGetName");
  if (name != nullptr && name(text, sizeof text, device.index()) == 0) return text;
  return device.str();
}

torch::ScalarType open_precision(const std::string& name, const torch::Device& device,
                                 SlowProducts slow) {
  if (name == "fp32") return torch::kFloat32;
  if (slow == SlowProducts::refuse && !multiplies_bf16(device)) {
    fail(
        "run.precision: bf16: {} has no instructions for it (avx512_bf16 or AMX on a CPU, compute "
        "capability 8 on a GPU) and takes some 30 times as long; choose fp32, or set "
        "run.slow_precision = true",
        product_name(device));
  }
  return torch::kBFloat16;
}

torch::Tensor sent(const torch::Tensor& host, const torch::Device& device) {
  if (!device.is_cuda() || !host.is_cpu()) return host.to(device);
  return host.pin_memory().to(device, /*non_blocking=*/true);
}

void wait_for(const torch::Device& device) {
  if (device.is_cuda()) {
    c10::impl::VirtualGuardImpl(device.type()).synchronizeDevice(device.index());
  }
}

double peak_memory_mib(const torch::Device& device) {
  if (!device.is_cuda()) return peak_memory_mib();
  constexpr size_t kAll = 0;  // of the allocator's pools
  const auto stats = c10::getDeviceAllocator(device.type())->getDeviceStats(device.index());
  return static_cast<double>(stats.allocated_bytes[kAll].peak) / (1024 * 1024);
}

void reset_peak_memory(const torch::Device& device) {
  if (device.is_cuda()) {
    c10::getDeviceAllocator(device.type())->resetPeakStats(device.index());
  } else {
    reset_peak_memory();
  }
}

}  // namespace lengthwise
