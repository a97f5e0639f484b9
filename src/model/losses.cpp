#include "model/losses.h"

#include <algorithm>

namespace lengthwise {
namespace {

/// 4 MB of logits a chunk: they stay in the cache while they are used.
constexpr int64_t kLogitsAChunk = 1 << 20;

void check_shapes(const torch::Tensor& hidden, const torch::Tensor& head,
                  const torch::Tensor& targets) {
  TORCH_CHECK(hidden.dim() == 2 && head.dim() == 2 && hidden.size(1) == head.size(1) &&
                  targets.dim() == 1 && targets.size(0) == hidden.size(0),
              "losses take [N, D], [V, D] and [N], not ", hidden.sizes(), ", ", head.sizes(), ", ",
              targets.sizes());
}

template <class Chunk>
void for_each_chunk(int64_t rows, int64_t vocabulary_size, Chunk&& chunk) {
  const int64_t at_once = std::max<int64_t>(16, kLogitsAChunk / vocabulary_size);
  for (int64_t begin = 0; begin < rows; begin += at_once) {
    chunk(begin, std::min(rows, begin + at_once));
  }
}

struct MeanNats : torch::autograd::Function<MeanNats> {
  static torch::Tensor forward(torch::autograd::AutogradContext* context,
                               const torch::Tensor& hidden, const torch::Tensor& head,
                               const torch::Tensor& targets) {
    const int64_t rows = hidden.size(0);
    const double weight = 1.0 / static_cast<double>(rows);
    auto hidden_gradient = torch::empty_like(hidden);
    auto head_gradient = torch::zeros_like(head);
    double total = 0;
    for_each_chunk(rows, head.size(0), [&](int64_t begin, int64_t end) {
      const auto chunk = hidden.slice(0, begin, end);
      const auto target = targets.slice(0, begin, end).unsqueeze(1);
      auto scores = at::log_softmax(at::mm(chunk, head.t()), 1);
      total -= scores.gather(1, target).sum(torch::kFloat64).item<double>();
      // d loss / d logits = (softmax - one-hot) / rows, in place of the scores.
      scores.exp_();
      scores.scatter_add_(1, target, torch::full({end - begin, 1}, -1.0f));
      scores.mul_(weight);
      auto gradient_slice = hidden_gradient.slice(0, begin, end);
      at::mm_out(gradient_slice, scores, head);
      head_gradient.addmm_(scores.t(), chunk);
    });
    context->save_for_backward({hidden_gradient, head_gradient});
    return torch::tensor(total * weight, torch::kFloat32);
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 torch::autograd::variable_list gradients) {
    const auto saved = context->get_saved_variables();
    return {saved[0] * gradients[0], saved[1] * gradients[0], torch::Tensor()};
  }
};

}  // namespace

torch::Tensor mean_nats(const torch::Tensor& hidden, const torch::Tensor& head,
                        const torch::Tensor& targets) {
  check_shapes(hidden, head, targets);
  const auto scored = targets.ge(0).nonzero().squeeze(1);
  TORCH_CHECK(scored.size(0) > 0, "no target is scored");
  if (scored.size(0) == targets.size(0)) return MeanNats::apply(hidden, head, targets);
  return MeanNats::apply(hidden.index_select(0, scored), head, targets.index_select(0, scored));
}

torch::Tensor token_nats(const torch::Tensor& hidden, const torch::Tensor& head,
                         const torch::Tensor& targets) {
  check_shapes(hidden, head, targets);
  const torch::NoGradGuard no_grad;
  auto nats = torch::empty({hidden.size(0)});
  for_each_chunk(hidden.size(0), head.size(0), [&](int64_t begin, int64_t end) {
    const auto logits = at::mm(hidden.slice(0, begin, end), head.t());
    const auto chosen = logits.gather(1, targets.slice(0, begin, end).unsqueeze(1)).squeeze(1);
    nats.slice(0, begin, end).copy_(logits.logsumexp(1) - chosen);
  });
  return nats;
}

torch::Tensor likeliest_tokens(const torch::Tensor& hidden, const torch::Tensor& head) {
  const torch::NoGradGuard no_grad;
  auto tokens = torch::empty({hidden.size(0)}, torch::kInt64);
  for_each_chunk(hidden.size(0), head.size(0), [&](int64_t begin, int64_t end) {
    tokens.slice(0, begin, end).copy_(at::mm(hidden.slice(0, begin, end), head.t()).argmax(1));
  });
  return tokens;
}

}  // namespace lengthwise
