#pragma once

#include <ATen/ExpandUtils.h>
#include <torch/library.h>

#include "base/torch.h"

namespace lengthwise {
namespace {

// The shapes of operators that LibTorch keeps in Python: with them a model runs on the meta device.
// Included by one file.

torch::Tensor index_select_shape(const torch::Tensor& all, int64_t dim,
                                 const torch::Tensor& index) {
  auto shape = all.sizes().vec();
  if (!shape.empty())
    shape[static_cast<size_t>(at::maybe_wrap_dim(dim, all.dim()))] = index.numel();
  return torch::empty(shape, all.options());
}
torch::Tensor embedding_gradient_shape(const torch::Tensor& gradient, const torch::Tensor&,
                                       int64_t rows, int64_t, bool) {
  return torch::empty({rows, gradient.size(-1)}, gradient.options());
}
using Three = std::tuple<torch::Tensor, torch::Tensor, torch::Tensor>;
Three layer_norm_shapes(const torch::Tensor& x, at::IntArrayRef, const std::optional<at::Tensor>&,
                        const std::optional<at::Tensor>&, double) {
  auto rows = x.sizes().vec();
  rows.back() = 1;
  return {torch::empty_like(x), torch::empty(rows, x.options()), torch::empty(rows, x.options())};
}
Three layer_norm_gradient_shapes(const torch::Tensor&, const torch::Tensor& x, at::IntArrayRef,
                                 const torch::Tensor&, const torch::Tensor&,
                                 const std::optional<at::Tensor>& weight,
                                 const std::optional<at::Tensor>& bias, std::array<bool, 3>) {
  return {torch::empty_like(x), torch::empty_like(*weight), torch::empty_like(*bias)};
}
torch::Tensor flipped_shape(const torch::Tensor& x, at::IntArrayRef) {
  return torch::empty_like(x, torch::MemoryFormat::Contiguous);
}
torch::Tensor where_shape(const torch::Tensor& condition, const torch::Tensor& a,
                          const torch::Tensor& b) {
  const auto sizes = at::infer_size(condition.sizes(), at::infer_size(a.sizes(), b.sizes()));
  return torch::empty(sizes, a.options());
}
torch::Tensor& where_shape_out(const torch::Tensor& condition, const torch::Tensor& a,
                               const torch::Tensor& b, torch::Tensor& out) {
  out.resize_(where_shape(condition, a, b).sizes());
  return out;
}
torch::Tensor& of_two_out(const torch::Tensor& a, const torch::Tensor& b, torch::Tensor& out) {
  out.resize_(at::infer_size(a.sizes(), b.sizes()));
  return out;
}
torch::Tensor& of_one_out(const torch::Tensor& a, torch::Tensor& out) {
  out.resize_(a.sizes());
  return out;
}
torch::Tensor& same_shape(torch::Tensor& x, const torch::Tensor&, const at::Scalar&) {
  return x;
}

torch::Tensor shape_of(const torch::Tensor& x) {
  return torch::empty_like(x);
}

TORCH_LIBRARY_IMPL(aten, Meta, shapes) {
  shapes.impl("relu", shape_of);
  shapes.impl("where.self", where_shape);
  shapes.impl("logical_or.out", of_two_out);
  shapes.impl("logical_and.out", of_two_out);
  shapes.impl("logical_not.out", of_one_out);
  shapes.impl("abs.out", of_one_out);
  shapes.impl("where.self_out", where_shape_out);
  shapes.impl("masked_fill_.Scalar", same_shape);
  shapes.impl("native_layer_norm", layer_norm_shapes);
  shapes.impl("native_layer_norm_backward", layer_norm_gradient_shapes);
  shapes.impl("flip", flipped_shape);
  shapes.impl("index_select", index_select_shape);
  shapes.impl("embedding_dense_backward", embedding_gradient_shape);
}

}  // namespace
}  // namespace lengthwise
