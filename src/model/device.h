#pragma once

#include <string>

#include "base/torch.h"

namespace lengthwise {

/// The device of a name: "cpu", "cuda" (the first) or "cuda:1". Of CUDA, LibTorch's backend is
/// loaded here, before anything else asks for it, so that one program runs with and without it;
/// from then on its algorithms are deterministic. UserError where the name is none of these, a
/// library is missing (named), there is no driver or no such device.
torch::Device open_device(const std::string& name);

/// "cpu", or the product's name: "NVIDIA H100 80GB HBM3".
std::string product_name(const torch::Device& device);

/// fp32 or bf16: the type in which matrices are multiplied. UserError for bf16 on a device that has
/// no instructions for it, unless `slow_is_fine`.
enum class SlowProducts { refuse, allow };
torch::ScalarType open_precision(const std::string& name, const torch::Device& device,
                                 SlowProducts slow);

/// A tensor of the CPU on the device. The caller does not wait for what the device is at.
torch::Tensor sent(const torch::Tensor& host, const torch::Device& device);

/// Waits for the device: before a clock is read.
void wait_for(const torch::Device& device);

/// The most memory held since the last reset, of the process on the CPU and of tensors elsewhere.
double peak_memory_mib(const torch::Device& device);
void reset_peak_memory(const torch::Device& device);

}  // namespace lengthwise
