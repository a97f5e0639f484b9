#include "fused/loss_rows.h"

#include <ATen/ops/log_softmax.h>
#include <c10/core/DeviceGuard.h>

#include "fused/library.h"

namespace lengthwise {

using torch::Tensor;

LossRows loss_rows(const Tensor& logits, const Tensor& targets, int64_t vocabulary, double weight,
                   torch::ScalarType type) {
  const bool kernels = kernels_reach(logits) && logits.scalar_type() == torch::kFloat32 &&
                       type == torch::kBFloat16 && logits.size(1) % 4 == 0 &&
                       logits.is_contiguous();
  if (!kernels) return plain_loss_rows(logits, targets, vocabulary, weight, type);
  const c10::DeviceGuard guard(logits.device());
  const auto wanted = targets.contiguous();
  LossRows found{torch::empty({logits.size(0)}, logits.options()), torch::empty_like(logits, type)};
  cuda::LossRows call;
  call.logits = logits.const_data_ptr<float>();
  call.logits_stride = call.gradient_stride = logits.size(1);
  call.targets = wanted.const_data_ptr<int64_t>();
  call.gradient = found.gradient.data_ptr();
  call.nats = found.nats.data_ptr<float>();
  call.rows = logits.size(0), call.vocabulary = vocabulary;
  call.weight = static_cast<float>(weight);
  check_launched(cuda_kernels().loss_rows(&call, stream_of(logits)), "loss_rows");
  return found;
}

LossRows plain_loss_rows(const Tensor& logits, const Tensor& targets, int64_t vocabulary,
                         double weight, torch::ScalarType type) {
  TORCH_CHECK(logits.size(1) == vocabulary, "logits of ", vocabulary, " types have ",
              logits.size(1), " columns");
  const auto target = targets.unsqueeze(1);
  auto scores = at::log_softmax(logits, 1);
  const auto nats = scores.gather(1, target).squeeze(1).neg_();
  // In place of the scores.
  scores.exp_();
  scores.scatter_add_(1, target, torch::full({logits.size(0), 1}, -1.0f, scores.options()));
  scores.mul_(weight);
  return {nats, scores.to(type)};
}

int64_t padded_vocabulary(const Tensor& hidden, int64_t vocabulary) {
  constexpr int64_t kMultiple = 64;
  const bool kernels = kernels_reach(hidden) && hidden.scalar_type() == torch::kBFloat16;
  return kernels ? (vocabulary + kMultiple - 1) / kMultiple * kMultiple : vocabulary;
}

}  // namespace lengthwise
