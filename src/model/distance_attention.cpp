#include "model/distance_attention.h"

#include <c10/core/DeviceGuard.h>

#include <algorithm>
#include <array>

#include "fused/library.h"
#include "fused/turn.h"

namespace lengthwise {
namespace {

using torch::Tensor;
using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

constexpr std::array<int64_t, 5> kHeadWidths = {16, 32, 64, 96, 128};

void check(int code) {
  TORCH_CHECK(code == 0, "attention: ", cuda_kernels().attention_message(code));
}

struct DistanceFunction : torch::autograd::Function<DistanceFunction> {
  static cuda::AttentionShape shape(const Tensor& queries, const Tensor& keys, const Tensor& bias,
                                    double scale, const Visibility& visibility) {
    cuda::AttentionShape shape{queries.size(0), queries.size(1), queries.size(2),
                               keys.size(2),    queries.size(3), static_cast<float>(scale)};
    if (bias.defined()) {
      shape.bias = bias.const_data_ptr<float>();
      shape.bias_stride = bias.stride(0);
    }
    shape.window = visibility.window;
    shape.sinks = visibility.sinks;
    return shape;
  }

  /// Of q, k and v, not filled: side by side where they are of one length, so that split_heads has
  /// nothing to copy.
  static std::vector<Tensor> gradients_of(const Tensor& q, const Tensor& k) {
    if (q.size(2) == k.size(2)) return empty_heads(q, 3);
    return {torch::empty_like(q), torch::empty_like(k), torch::empty_like(k)};
  }

  static Tensor forward(AutogradContext* context, const Tensor& queries, const Tensor& keys,
                        const Tensor& values, const std::optional<Tensor>& bias, double scale,
                        int64_t window, int64_t sinks) {
    const c10::DeviceGuard guard(queries.device());
    const auto q = readable_rows(queries), k = readable_rows(keys), v = readable_rows(values);
    const auto vector = bias ? bias->detach().contiguous() : Tensor();
    const auto output = heads_side_by_side(q);
    const auto log_sum = torch::empty(q.sizes().slice(0, 3), q.options().dtype(torch::kFloat32));
    const cuda::AttentionForward call{shape(q, k, vector, scale, {window, sinks}),
                                      rows_of(q),
                                      rows_of(k),
                                      rows_of(v),
                                      rows_of(output),
                                      log_sum.mutable_data_ptr<float>()};
    check(cuda_kernels().attention_forward(&call, stream_of(q)));
    context->save_for_backward({q, k, v, output, log_sum, vector});
    context->saved_data["scale"] = scale;
    context->saved_data["window"] = window;
    context->saved_data["sinks"] = sinks;
    context->saved_data["bias_learns"] = bias && bias->requires_grad();
    return output;
  }

  static variable_list backward(AutogradContext* context, const variable_list& upstream) {
    const auto saved = context->get_saved_variables();
    const auto &q = saved[0], &k = saved[1], &v = saved[2], &vector = saved[5];
    const c10::DeviceGuard guard(q.device());
    const auto d_output = readable_rows(upstream[0]);
    const auto parts = gradients_of(q, k);
    const auto &d_q = parts[0], &d_k = parts[1], &d_v = parts[2];
    cuda::AttentionBackward call;
    call.shape =
        shape(q, k, vector, context->saved_data["scale"].toDouble(),
              {context->saved_data["window"].toInt(), context->saved_data["sinks"].toInt()});
    call.q = rows_of(q), call.k = rows_of(k), call.v = rows_of(v);
    call.output = rows_of(saved[3]), call.d_output = rows_of(d_output);
    call.log_sum = saved[4].const_data_ptr<float>();
    call.d_q = rows_of(d_q), call.d_k = rows_of(d_k), call.d_v = rows_of(d_v);
    Tensor d_bias;
    if (context->saved_data["bias_learns"].toBool()) {
      d_bias = torch::empty_like(vector);
      call.d_bias = d_bias.mutable_data_ptr<float>();
      call.d_bias_stride = d_bias.stride(0);
    }
    const int64_t bytes = cuda_kernels().attention_workspace(&call);
    const auto workspace = torch::empty({bytes}, q.options().dtype(torch::kUInt8));
    call.workspace = workspace.mutable_data_ptr();
    call.workspace_bytes = bytes;
    check(cuda_kernels().attention_backward(&call, stream_of(q)));
    return {d_q, d_k, d_v, d_bias, Tensor(), Tensor(), Tensor()};
  }
};

}  // namespace

bool distance_kernels_take(const Tensor& queries, const AttentionBias& bias) {
  const bool by_distance =
      std::holds_alternative<NoBias>(bias) || std::holds_alternative<DistanceBias>(bias);
  return by_distance && kernels_reach(queries) && queries.scalar_type() == torch::kBFloat16 &&
         std::ranges::count(kHeadWidths, queries.size(3)) > 0;
}

Tensor distance_attention(const Tensor& queries, const Tensor& keys, const Tensor& values,
                          const AttentionBias& bias, double scale, const Visibility& visibility) {
  const auto* distance = std::get_if<DistanceBias>(&bias);
  return DistanceFunction::apply(
      queries, keys, values, distance == nullptr ? std::nullopt : std::optional(distance->value),
      scale, visibility.window, visibility.sinks);
}

}  // namespace lengthwise
