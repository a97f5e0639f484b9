#include "fused/turn.h"

#include <c10/core/DeviceGuard.h>

#include "fused/library.h"

namespace lengthwise {
namespace {

using torch::Tensor;
using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

constexpr int64_t kMultiple = 8;  // dimensions that a kernel's thread takes

/// Turns the pairs of x [B, H, T, R] by the angles whose cosines and sines are [T, R/2].
Tensor turn_halves(const Tensor& x, const Tensor& cosines, const Tensor& sines) {
  const auto halves = x.chunk(2, -1);
  return torch::cat({torch::addcmul(halves[0] * cosines, halves[1], sines, -1),
                     torch::addcmul(halves[1] * cosines, halves[0], sines)},
                    -1);
}

Tensor turn_neighbours(const Tensor& x, const Tensor& cosines, const Tensor& sines) {
  const auto pairs = x.unflatten(-1, {-1, 2});  // [B, H, T, R/2, 2]
  const auto even = pairs.select(-1, 0), odd = pairs.select(-1, 1);
  return torch::stack({torch::addcmul(even * cosines, odd, sines, -1),
                       torch::addcmul(odd * cosines, even, sines)},
                      -1)
      .flatten(-2);
}

/// A kernel's call without tables: a copy.
cuda::TurnedRows copied_rows(const Tensor& from, const Tensor& to) {
  cuda::TurnedRows call;
  call.from = rows_of(from), call.to = rows_of(to);
  call.batch = from.size(0), call.heads = from.size(1);
  call.rows = from.size(2), call.width = from.size(3);
  return call;
}

constexpr size_t kParts = 3;  // queries, keys and values of a projection

/// Whether x is a part of a tensor that empty_heads made of three, and its numbers are the
/// caller's alone: one handle to it, and of its memory none but the three parts and their base.
bool is_own_part(const Tensor& x) {
  const int64_t row = static_cast<int64_t>(kParts) * x.size(1) * x.size(3);
  const std::vector<int64_t> strides{x.size(2) * row, x.size(3), row, 1};
  return x.use_count() == 1 && x.storage().use_count() <= kParts + 1 &&
         x.strides() == at::IntArrayRef(strides);
}

struct TurnFunction : torch::autograd::Function<TurnFunction> {
  static Tensor turned(const Tensor& x, const Tensor& to, const Tensor& cosines,
                       const Tensor& sines, bool neighbours, double rest_factor, float direction) {
    const c10::DeviceGuard guard(x.device());
    const auto from = readable_rows(x);
    cuda::TurnedRows call = copied_rows(from, to);
    call.cosines = cosines.const_data_ptr<float>();
    call.sines = sines.const_data_ptr<float>();
    call.turned = 2 * cosines.size(1);
    call.neighbours = neighbours ? 1 : 0;
    call.rest_factor = static_cast<float>(rest_factor);
    call.direction = direction;
    check_launched(cuda_kernels().turned_rows(&call, stream_of(x)), "turn_pairs");
    return to;
  }

  static Tensor forward(AutogradContext* context, const Tensor& x, const Tensor& cosines,
                        const Tensor& sines, bool neighbours, double rest_factor) {
    context->save_for_backward({cosines, sines});
    context->saved_data["neighbours"] = neighbours;
    context->saved_data["rest_factor"] = rest_factor;
    return turned(x, heads_side_by_side(x), cosines, sines, neighbours, rest_factor, 1);
  }

  static variable_list backward(AutogradContext* context, const variable_list& upstream) {
    const auto saved = context->get_saved_variables();
    // In place, the parts still stand side by side, and split_heads has nothing to copy.
    const auto to = is_own_part(upstream[0]) ? upstream[0] : heads_side_by_side(upstream[0]);
    return {turned(upstream[0], to, saved[0], saved[1], context->saved_data["neighbours"].toBool(),
                   context->saved_data["rest_factor"].toDouble(), -1),
            Tensor(), Tensor(), Tensor(), Tensor()};
  }
};

/// The gradients of all parts as one tensor, if they are views of one as split_heads takes them.
Tensor joined_views(const variable_list& parts) {
  const Tensor& first = parts[0];
  const int64_t batch = first.size(0), heads = first.size(1), length = first.size(2);
  const int64_t width = first.size(3), row = static_cast<int64_t>(parts.size()) * heads * width;
  const std::vector<int64_t> strides{length * row, width, row, 1};
  for (size_t i = 0; i < parts.size(); ++i) {
    const auto place = first.storage_offset() + static_cast<int64_t>(i) * heads * width;
    if (!parts[i].is_alias_of(first) || parts[i].storage_offset() != place ||
        parts[i].sizes() != first.sizes() || parts[i].strides() != at::IntArrayRef(strides)) {
      return {};
    }
  }
  return first.as_strided({batch, length, row}, {length * row, row, 1}, first.storage_offset());
}

struct SplitFunction : torch::autograd::Function<SplitFunction> {
  static variable_list forward(AutogradContext*, const Tensor& projection, int64_t parts,
                               int64_t heads) {
    return plain_split_heads(projection, parts, heads);
  }

  static variable_list backward(AutogradContext*, const variable_list& upstream) {
    auto joined = joined_views(upstream);
    if (!joined.defined()) {
      const c10::DeviceGuard guard(upstream[0].device());
      const auto parts = empty_heads(upstream[0], static_cast<int64_t>(upstream.size()));
      for (size_t i = 0; i < parts.size(); ++i) {
        const auto from = readable_rows(upstream[i]);
        const auto call = copied_rows(from, parts[i]);
        check_launched(cuda_kernels().turned_rows(&call, stream_of(from)), "split_heads");
      }
      joined = joined_views(parts);
    }
    return {joined, Tensor(), Tensor()};
  }
};

bool is_kernels(const Tensor& x, int64_t width) {
  return kernels_reach(x) && x.scalar_type() == torch::kBFloat16 && x.numel() > 0 &&
         x.numel() / kMultiple < (int64_t{1} << 31) && width % kMultiple == 0;
}

}  // namespace

Tensor turn_pairs(const Tensor& x, const Tensor& cosines, const Tensor& sines,
                  const std::string& pairing, double rest_factor) {
  if (!is_kernels(x, x.size(-1)) || 2 * cosines.size(1) % kMultiple != 0 ||
      cosines.requires_grad() || sines.requires_grad()) {
    return plain_turn_pairs(x, cosines, sines, pairing, rest_factor);
  }
  const int64_t first = cosines.size(0) - x.size(-2);
  return TurnFunction::apply(x, cosines.slice(0, first).contiguous(),
                             sines.slice(0, first).contiguous(), pairing != "half", rest_factor);
}

Tensor plain_turn_pairs(const Tensor& x, const Tensor& cosines, const Tensor& sines,
                        const std::string& pairing, double rest_factor) {
  const auto turn = pairing == "half" ? turn_halves : turn_neighbours;
  const int64_t first = cosines.size(0) - x.size(-2);
  const auto row_cosines = cosines.slice(0, first), row_sines = sines.slice(0, first);
  const int64_t width = 2 * cosines.size(-1);
  if (width == x.size(-1)) return turn(x, row_cosines, row_sines);
  const auto rest = x.slice(-1, width);
  return torch::cat({turn(x.slice(-1, 0, width), row_cosines, row_sines),
                     rest_factor == 1 ? rest : rest * rest_factor},
                    -1);
}

std::vector<Tensor> split_heads(const Tensor& projection, int64_t parts, int64_t heads) {
  return is_kernels(projection, projection.size(-1) / (parts * heads))
             ? SplitFunction::apply(projection, parts, heads)
             : plain_split_heads(projection, parts, heads);
}

std::vector<Tensor> plain_split_heads(const Tensor& projection, int64_t parts, int64_t heads) {
  return projection.unflatten(-1, {parts, heads, -1}).permute({2, 0, 3, 1, 4}).unbind(0);
}

std::vector<Tensor> empty_heads(const Tensor& like, int64_t parts) {
  const int64_t heads = like.size(1), width = like.size(3);
  return plain_split_heads(
      torch::empty({like.size(0), like.size(2), parts * heads * width}, like.options()), parts,
      heads);
}

}  // namespace lengthwise
