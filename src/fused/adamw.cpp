#include "fused/adamw.h"

#include <ATen/ops/_foreach_mul.h>
#include <ATen/ops/_fused_adamw.h>
#include <c10/core/DeviceGuard.h>

#include <algorithm>

#include "fused/library.h"

namespace lengthwise {
namespace {

using torch::Tensor;

bool kernels_take(const std::vector<Tensor>& tensors) {
  constexpr uintptr_t kAlignment = 16;
  return std::ranges::all_of(tensors, [](const Tensor& x) {
    return kernels_reach(x) && x.scalar_type() == torch::kFloat32 && x.is_contiguous() &&
           x.numel() > 0 && reinterpret_cast<uintptr_t>(x.const_data_ptr()) % kAlignment == 0;
  });
}

}  // namespace

void adamw(const AdamWLists& lists, const AdamWRates& rates, const Tensor& factor) {
  const auto& [values, gradients, means, squares] = lists;
  if (values.empty()) return;
  if (!kernels_take(values) || !kernels_take(gradients) || !kernels_take(means) ||
      !kernels_take(squares)) {
    plain_adamw(lists, rates, factor);
    return;
  }
  const c10::DeviceGuard guard(values[0].device());
  std::vector<cuda::AdamWTensor> tensors;
  for (size_t i = 0; i < values.size(); ++i) {
    tensors.push_back({values[i].data_ptr<float>(), gradients[i].const_data_ptr<float>(),
                       means[i].data_ptr<float>(), squares[i].data_ptr<float>(),
                       values[i].numel()});
  }
  cuda::AdamWUpdate call;
  call.tensors = tensors.data();
  call.count = static_cast<int64_t>(tensors.size());
  call.factor = factor.defined() ? factor.const_data_ptr<float>() : nullptr;
  call.learning_rate = rates.learning_rate;
  call.beta1 = rates.beta1, call.beta2 = rates.beta2;
  call.weight_decay = rates.weight_decay;
  call.epsilon = rates.epsilon;
  call.step = rates.step;
  check_launched(cuda_kernels().adamw(&call, stream_of(values[0])), "adamw");
  for (const auto* changed : {&values, &means, &squares}) {
    for (const Tensor& x : *changed) x.unsafeGetTensorImpl()->bump_version();
  }
}

void plain_adamw(const AdamWLists& lists, const AdamWRates& rates, const Tensor& factor) {
  const auto& [values, gradients, means, squares] = lists;
  if (factor.defined()) at::_foreach_mul_(gradients, factor);
  // LibTorch's kernel wants a count a tensor.
  const std::vector<Tensor> counts(
      values.size(), torch::full({}, static_cast<float>(rates.step), means[0].options()));
  at::_fused_adamw_(values, gradients, means, squares, {}, counts, rates.learning_rate, rates.beta1,
                    rates.beta2, rates.weight_decay, rates.epsilon, /*amsgrad=*/false,
                    /*maximize=*/false);
}

}  // namespace lengthwise
