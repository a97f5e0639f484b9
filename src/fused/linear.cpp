#include "fused/linear.h"

#include <ATen/ops/_addmm_activation.h>
#include <ATen/ops/addmm.h>
#include <ATen/ops/gelu.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/mm.h>
#include <ATen/ops/relu.h>
#include <ATen/ops/silu.h>
#include <c10/core/DeviceGuard.h>

#include "fused/library.h"

namespace lengthwise {
namespace {

using torch::Tensor;
using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

constexpr int64_t kMultiple = 8;  // columns that a kernel's thread takes

/// [N, width] of [..., width].
Tensor as_matrix(const Tensor& x) {
  return x.reshape({-1, x.size(-1)});
}

/// [..., width] of [N, width], the first axes as of `like`.
Tensor shaped_like(const Tensor& matrix, at::IntArrayRef like) {
  auto sizes = like.vec();
  sizes.back() = matrix.size(1);
  return matrix.view(sizes);
}

Tensor rounded_product(const Tensor& x, const Tensor& weight, const std::optional<Tensor>& bias) {
  return bias ? at::addmm(bias->to(x.scalar_type()), x, weight.t()) : at::mm(x, weight.t());
}

struct Slopes {
  Tensor d_input, d_bias;        // [N, out] bfloat16, [out] float32
  Tensor d_other, d_other_bias;  // of silu_gated
};

/// What reaches the product that `saved` is of, and the sums of its columns where asked for.
Slopes slopes_of(cuda::Slope slope, const Tensor& d_output, const Tensor& saved,
                 const Tensor& other, bool bias) {
  const auto float32 = d_output.options().dtype(torch::kFloat32);
  cuda::ActivationBackward call;
  call.slope = slope;
  call.rows = d_output.size(0), call.width = d_output.size(1);
  Slopes found;
  found.d_input = slope == cuda::Slope::one ? d_output : torch::empty_like(d_output);
  call.d_output = d_output.const_data_ptr();
  call.d_input = found.d_input.data_ptr();
  if (saved.defined()) call.saved = saved.const_data_ptr();
  Tensor workspace;
  if (bias) {
    workspace = torch::empty({cuda_kernels().activation_workspace(call.width)}, float32);
    found.d_bias = torch::empty({call.width}, float32);
    call.d_bias = found.d_bias.data_ptr<float>();
    call.workspace = workspace.data_ptr<float>();
  }
  if (other.defined()) {
    found.d_other = torch::empty_like(d_output);
    found.d_other_bias = torch::empty({call.width}, float32);
    call.other = other.const_data_ptr();
    call.d_other = found.d_other.data_ptr();
    call.d_other_bias = found.d_other_bias.data_ptr<float>();
  }
  if (slope == cuda::Slope::one && !bias) return found;
  check_launched(cuda_kernels().activation_backward(&call, stream_of(d_output)), "linear");
  return found;
}

cuda::Slope slope_of(Activation activation) {
  switch (activation) {
    case Activation::relu:
      return cuda::Slope::relu;
    case Activation::gelu:
      return cuda::Slope::gelu;
    default:
      return cuda::Slope::one;
  }
}

struct LinearFunction : torch::autograd::Function<LinearFunction> {
  static Tensor forward(AutogradContext* context, const Tensor& x, const Tensor& weight,
                        const std::optional<Tensor>& bias, int64_t activation_index) {
    const auto activation = static_cast<Activation>(activation_index);
    const auto rows = as_matrix(x), matrix = weight.to(x.scalar_type());
    Tensor output, saved;
    if (activation == Activation::relu && bias) {
      output = saved = at::_addmm_activation(bias->to(x.scalar_type()), rows, matrix.t());
    } else {
      output = rounded_product(rows, matrix, bias);
      if (activation == Activation::relu) output = saved = at::relu(output);
      if (activation == Activation::gelu) saved = output, output = at::gelu(saved);
    }
    context->save_for_backward({rows, matrix, saved.defined() ? saved.detach() : saved});
    context->saved_data["sizes"] = x.sizes().vec();
    context->saved_data["bias"] = bias.has_value();
    context->saved_data["activation"] = activation_index;
    return shaped_like(output, x.sizes());
  }

  static variable_list backward(AutogradContext* context, const variable_list& upstream) {
    const auto saved = context->get_saved_variables();
    const c10::DeviceGuard guard(saved[0].device());
    const auto activation = static_cast<Activation>(context->saved_data["activation"].toInt());
    const auto slopes = slopes_of(slope_of(activation), as_matrix(upstream[0]).contiguous(),
                                  saved[2], {}, context->saved_data["bias"].toBool());
    Tensor d_x;
    if (context->needs_input_grad(0)) {
      d_x =
          shaped_like(at::mm(slopes.d_input, saved[1]), context->saved_data["sizes"].toIntVector());
    }
    return {d_x, float_product(slopes.d_input.t(), saved[0]), slopes.d_bias, Tensor()};
  }
};

struct GatedFunction : torch::autograd::Function<GatedFunction> {
  static Tensor forward(AutogradContext* context, const Tensor& x, const Tensor& gate_weight,
                        const Tensor& gate_bias, const Tensor& up_weight, const Tensor& up_bias) {
    const c10::DeviceGuard guard(x.device());
    const auto type = x.scalar_type();
    const auto rows = as_matrix(x), gates = gate_weight.to(type), ups = up_weight.to(type);
    const auto gate = rounded_product(rows, gates, gate_bias);
    const auto up = rounded_product(rows, ups, up_bias);
    const auto output = torch::empty_like(gate);
    const cuda::GatedForward call{gate.const_data_ptr(), up.const_data_ptr(), output.data_ptr(),
                                  gate.numel()};
    check_launched(cuda_kernels().gated_forward(&call, stream_of(x)), "gated_linear");
    context->save_for_backward({rows, gates, ups, gate, up});
    context->saved_data["sizes"] = x.sizes().vec();
    return shaped_like(output, x.sizes());
  }

  static variable_list backward(AutogradContext* context, const variable_list& upstream) {
    const auto saved = context->get_saved_variables();
    const auto &rows = saved[0], &gates = saved[1], &ups = saved[2];
    const c10::DeviceGuard guard(rows.device());
    const auto slopes = slopes_of(cuda::Slope::silu_gated, as_matrix(upstream[0]).contiguous(),
                                  saved[3], saved[4], /*bias=*/true);
    const auto d_rows = at::addmm(at::mm(slopes.d_input, gates), slopes.d_other, ups);
    return {shaped_like(d_rows, context->saved_data["sizes"].toIntVector()),
            float_product(slopes.d_input.t(), rows), slopes.d_bias,
            float_product(slopes.d_other.t(), rows), slopes.d_other_bias};
  }
};

bool kernels_take(const Tensor& x, const LinearParameters& parameters) {
  return kernels_reach(x) && x.scalar_type() == torch::kBFloat16 && x.numel() > 0 &&
         parameters.weight.scalar_type() == torch::kFloat32 &&
         parameters.weight.size(0) % kMultiple == 0;
}

}  // namespace

Tensor linear(const Tensor& x, const LinearParameters& parameters, Activation activation) {
  if (!kernels_take(x, parameters) || activation == Activation::gelu_tanh) {
    return plain_linear(x, parameters, activation);
  }
  return LinearFunction::apply(x, parameters.weight, if_defined(parameters.bias),
                               static_cast<int64_t>(activation));
}

Tensor plain_linear(const Tensor& x, const LinearParameters& parameters, Activation activation) {
  const auto type = x.scalar_type();
  const auto& [weight, bias] = parameters;
  const auto product = bias.defined() ? at::linear(x, weight.to(type), bias.to(type))
                                      : at::linear(x, weight.to(type));
  switch (activation) {
    case Activation::relu:
      return at::relu(product);
    case Activation::gelu:
      return at::gelu(product);
    case Activation::gelu_tanh:
      return at::gelu(product, "tanh");
    default:
      return product;
  }
}

Tensor gated_linear(const Tensor& x, const LinearParameters& gate, const LinearParameters& up) {
  if (!kernels_take(x, gate) || !gate.bias.defined() || !up.bias.defined()) {
    return plain_gated_linear(x, gate, up);
  }
  return GatedFunction::apply(x, gate.weight, gate.bias, up.weight, up.bias);
}

Tensor plain_gated_linear(const Tensor& x, const LinearParameters& gate,
                          const LinearParameters& up) {
  const auto inner = plain_linear(x, up);
  return at::silu(plain_linear(x, gate)) * inner;
}

}  // namespace lengthwise
