#include "fused/norm.h"

#include <ATen/ops/layer_norm.h>
#include <ATen/ops/rms_norm.h>
#include <c10/core/DeviceGuard.h>

#include "fused/library.h"

namespace lengthwise {
namespace {

using torch::Tensor;
using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

constexpr int64_t kMostWidth = 8192, kMultiple = 4;

template <class Number>
Number* pointer_or_null(const Tensor& x) {
  return x.defined() ? x.data_ptr<Number>() : nullptr;
}

/// -> {x + branch, its norm}, or {the norm of x} where there is no branch.
struct NormFunction : torch::autograd::Function<NormFunction> {
  static variable_list forward(AutogradContext* context, const Tensor& x,
                               const std::optional<Tensor>& branch, const Tensor& weight,
                               const std::optional<Tensor>& bias, double epsilon) {
    const c10::DeviceGuard guard(x.device());
    const auto in = x.contiguous();
    const auto added = branch ? branch->contiguous() : Tensor();
    const auto sum = branch ? torch::empty_like(in) : in;
    const auto normed = torch::empty_like(in, torch::kBFloat16);
    cuda::NormForward call;
    call.rows = in.numel() / in.size(-1), call.width = in.size(-1);
    const auto statistics = torch::empty({call.rows, 2}, in.options());
    call.x = in.const_data_ptr<float>();
    call.branch = branch ? added.const_data_ptr() : nullptr;
    call.weight = weight.const_data_ptr<float>();
    call.bias = bias ? bias->const_data_ptr<float>() : nullptr;
    call.sum = branch ? sum.data_ptr<float>() : nullptr;
    call.normed = normed.data_ptr();
    call.statistics = statistics.data_ptr<float>();
    call.epsilon = static_cast<float>(epsilon);
    check_launched(cuda_kernels().norm_forward(&call, stream_of(in)), "add_and_norm");
    context->save_for_backward({sum, statistics, weight});
    context->saved_data["branch"] = branch.has_value();
    context->saved_data["bias"] = bias.has_value();
    context->set_materialize_grads(false);
    return branch ? variable_list{sum, normed} : variable_list{normed};
  }

  static variable_list backward(AutogradContext* context, const variable_list& upstream) {
    const auto saved = context->get_saved_variables();
    const auto &sum = saved[0], &statistics = saved[1], &weight = saved[2];
    const bool branch = context->saved_data["branch"].toBool();
    const c10::DeviceGuard guard(sum.device());
    const Tensor& slope = upstream.back();
    const auto d_normed =
        slope.defined() ? slope.contiguous() : torch::zeros_like(sum, torch::kBFloat16);
    const auto d_sum = branch && upstream[0].defined() ? upstream[0].contiguous() : Tensor();
    const auto d_x = torch::empty_like(sum), d_weight = torch::empty_like(weight);
    const auto d_branch = branch ? torch::empty_like(sum, torch::kBFloat16) : Tensor();
    const auto d_bias = context->saved_data["bias"].toBool() ? torch::empty_like(weight) : Tensor();
    cuda::NormBackward call;
    call.rows = statistics.size(0), call.width = weight.size(0);
    const auto workspace = torch::empty({cuda_kernels().norm_workspace(call.width)}, sum.options());
    call.sum = sum.const_data_ptr<float>();
    call.statistics = statistics.const_data_ptr<float>();
    call.weight = weight.const_data_ptr<float>();
    call.d_normed = d_normed.const_data_ptr();
    call.d_sum = pointer_or_null<float>(d_sum);
    call.d_x = d_x.data_ptr<float>();
    call.d_branch = branch ? d_branch.data_ptr() : nullptr;
    call.d_weight = d_weight.data_ptr<float>();
    call.d_bias = pointer_or_null<float>(d_bias);
    call.workspace = workspace.data_ptr<float>();
    check_launched(cuda_kernels().norm_backward(&call, stream_of(sum)), "add_and_norm");
    return {d_x, d_branch, d_weight, d_bias, Tensor()};
  }
};

}  // namespace

Normed add_and_norm(const Tensor& x, const Tensor& branch, const NormParameters& parameters,
                    torch::ScalarType type) {
  const int64_t width = x.size(-1);
  const bool kernels = kernels_reach(x) && x.scalar_type() == torch::kFloat32 &&
                       type == torch::kBFloat16 && x.numel() > 0 && width % kMultiple == 0 &&
                       width <= kMostWidth &&
                       (!branch.defined() || branch.scalar_type() == torch::kBFloat16);
  if (!kernels) return plain_add_and_norm(x, branch, parameters, type);
  const auto found = NormFunction::apply(x, if_defined(branch), parameters.weight,
                                         if_defined(parameters.bias), parameters.epsilon);
  return {branch.defined() ? found[0] : x, found.back()};
}

Normed plain_add_and_norm(const Tensor& x, const Tensor& branch, const NormParameters& parameters,
                          torch::ScalarType type) {
  const auto& [weight, bias, epsilon] = parameters;
  const auto sum = branch.defined() ? x + branch : x;
  const auto normed = bias.defined() ? at::layer_norm(sum, weight.sizes(), weight, bias, epsilon)
                                     : at::rms_norm(sum, weight.sizes(), weight, epsilon);
  return {sum, normed.to(type)};
}

}  // namespace lengthwise
