#include "model/distance_attention.h"

#include <c10/core/DeviceGuard.h>
#include <c10/core/impl/VirtualGuardImpl.h>
#include <dlfcn.h>

#include <algorithm>
#include <array>

#include "cuda/attention.h"

namespace lengthwise {
namespace {

using torch::Tensor;
using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

constexpr const char* kLibrary = "liblengthwise_cuda.so";
constexpr std::array<int64_t, 5> kHeadWidths = {16, 32, 64, 96, 128};
constexpr int64_t kRowBytes = 16;

struct Kernels {
  decltype(&cuda::lengthwise_attention_forward) forward = nullptr;
  decltype(&cuda::lengthwise_attention_backward) backward = nullptr;
  decltype(&cuda::lengthwise_attention_workspace) workspace = nullptr;
  decltype(&cuda::lengthwise_attention_message) message = nullptr;
};

Kernels& kernels() {
  static Kernels opened;
  return opened;
}

template <class Function>
void find(void* library, const char* name, Function& function) {
  function = reinterpret_cast<Function>(::dlsym(library, name));
}

void check(int code) {
  TORCH_CHECK(code == 0, "attention: ", kernels().message(code));
}

CUstream_st* stream_of(const Tensor& tensor) {
  const auto stream = c10::impl::VirtualGuardImpl(torch::kCUDA).getStream(tensor.device());
  return static_cast<CUstream_st*>(stream.native_handle());
}

/// As the kernels read it: numbers of a row side by side, rows from multiples of 16 bytes.
Tensor readable(const Tensor& x) {
  const auto aligned = [&](int64_t dim) {
    return x.stride(dim) * x.element_size() % kRowBytes == 0;
  };
  const bool fits = x.stride(3) == 1 && aligned(0) && aligned(1) && aligned(2) &&
                    reinterpret_cast<uintptr_t>(x.const_data_ptr()) % kRowBytes == 0;
  return fits ? x : x.contiguous();
}

cuda::Rows rows(const Tensor& x) {
  return {x.data_ptr(), x.stride(0), x.stride(1), x.stride(2)};
}

/// [B, H, rows, K] whose heads stand side by side in memory, as the next projection wants them.
Tensor heads_side_by_side(const Tensor& like) {
  return torch::empty({like.size(0), like.size(2), like.size(1), like.size(3)}, like.options())
      .transpose(1, 2);
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

  static Tensor forward(AutogradContext* context, const Tensor& queries, const Tensor& keys,
                        const Tensor& values, const Tensor& bias, double scale, int64_t window,
                        int64_t sinks) {
    const c10::DeviceGuard guard(queries.device());
    const auto q = readable(queries), k = readable(keys), v = readable(values);
    const auto vector = bias.defined() ? bias.detach().contiguous() : Tensor();
    const auto output = heads_side_by_side(q);
    const auto log_sum = torch::empty(q.sizes().slice(0, 3), q.options().dtype(torch::kFloat32));
    const cuda::AttentionForward call{shape(q, k, vector, scale, {window, sinks}),
                                      rows(q),
                                      rows(k),
                                      rows(v),
                                      rows(output),
                                      log_sum.mutable_data_ptr<float>()};
    check(kernels().forward(&call, stream_of(q)));
    context->save_for_backward({q, k, v, output, log_sum, vector});
    context->saved_data["scale"] = scale;
    context->saved_data["window"] = window;
    context->saved_data["sinks"] = sinks;
    context->saved_data["bias_learns"] = bias.defined() && bias.requires_grad();
    return output;
  }

  static variable_list backward(AutogradContext* context, const variable_list& upstream) {
    const auto saved = context->get_saved_variables();
    const auto &q = saved[0], &k = saved[1], &v = saved[2], &vector = saved[5];
    const c10::DeviceGuard guard(q.device());
    const auto d_output = readable(upstream[0]);
    const auto d_q = torch::empty_like(q), d_k = torch::empty_like(k), d_v = torch::empty_like(v);
    cuda::AttentionBackward call;
    call.shape =
        shape(q, k, vector, context->saved_data["scale"].toDouble(),
              {context->saved_data["window"].toInt(), context->saved_data["sinks"].toInt()});
    call.q = rows(q), call.k = rows(k), call.v = rows(v);
    call.output = rows(saved[3]), call.d_output = rows(d_output);
    call.log_sum = saved[4].const_data_ptr<float>();
    call.d_q = rows(d_q), call.d_k = rows(d_k), call.d_v = rows(d_v);
    Tensor d_bias;
    if (context->saved_data["bias_learns"].toBool()) {
      d_bias = torch::empty_like(vector);
      call.d_bias = d_bias.mutable_data_ptr<float>();
      call.d_bias_stride = d_bias.stride(0);
    }
    const int64_t bytes = kernels().workspace(&call);
    const auto workspace = torch::empty({bytes}, q.options().dtype(torch::kUInt8));
    call.workspace = workspace.mutable_data_ptr();
    call.workspace_bytes = bytes;
    check(kernels().backward(&call, stream_of(q)));
    return {d_q, d_k, d_v, d_bias, Tensor(), Tensor(), Tensor()};
  }
};

}  // namespace

std::string open_distance_kernels() {
  if (kernels().forward != nullptr) return {};
  void* library = ::dlopen(kLibrary, RTLD_NOW);
  if (library == nullptr) return ::dlerror();
  Kernels found;
  find(library, "lengthwise_attention_forward", found.forward);
  find(library, "lengthwise_attention_backward", found.backward);
  find(library, "lengthwise_attention_workspace", found.workspace);
  find(library, "lengthwise_attention_message", found.message);
  if (found.forward == nullptr || found.backward == nullptr || found.workspace == nullptr ||
      found.message == nullptr) {
    return std::string(kLibrary) + " is of another version";
  }
  kernels() = found;
  return {};
}

bool distance_kernels_take(const Tensor& queries, const AttentionBias& bias) {
  const bool by_distance =
      std::holds_alternative<NoBias>(bias) || std::holds_alternative<DistanceBias>(bias);
  return by_distance && queries.is_cuda() && queries.scalar_type() == torch::kBFloat16 &&
         kernels().forward != nullptr && std::ranges::count(kHeadWidths, queries.size(3)) > 0;
}

Tensor distance_attention(const Tensor& queries, const Tensor& keys, const Tensor& values,
                          const AttentionBias& bias, double scale, const Visibility& visibility) {
  const auto* distance = std::get_if<DistanceBias>(&bias);
  return DistanceFunction::apply(queries, keys, values,
                                 distance == nullptr ? Tensor() : distance->value, scale,
                                 visibility.window, visibility.sinks);
}

}  // namespace lengthwise
