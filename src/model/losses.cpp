#include "model/losses.h"

#include <algorithm>

#include "model/device.h"

namespace lengthwise {
namespace {

/// 4 MB of logits a chunk stay in a CPU's cache while they are used; elsewhere 512 MB keep the
/// device busy.
int64_t logits_a_chunk(const torch::Device& device) {
  return device.is_cpu() ? 1 << 20 : 1 << 27;
}

/// a b as float32, rounded on the way only where the device cannot leave that out.
torch::Tensor float_product(const torch::Tensor& a, const torch::Tensor& b) {
  if (a.is_cuda() && a.scalar_type() != torch::kFloat32) return at::mm(a, b, torch::kFloat32);
  return at::mm(a, b).to(torch::kFloat32);
}

void check_shapes(const torch::Tensor& hidden, const torch::Tensor& head,
                  const torch::Tensor& targets) {
  TORCH_CHECK(hidden.dim() == 2 && head.dim() == 2 && hidden.size(1) == head.size(1) &&
                  targets.dim() == 1 && targets.size(0) == hidden.size(0),
              "losses take [N, D], [V, D] and [N], not ", hidden.sizes(), ", ", head.sizes(), ", ",
              targets.sizes());
}

/// Calls chunk(begin, end) for rows of hidden, as many at once as suits the device.
template <class Chunk>
void for_each_chunk(const torch::Tensor& hidden, int64_t vocabulary_size, Chunk&& chunk) {
  const int64_t rows = hidden.size(0);
  const int64_t at_once = std::max<int64_t>(16, logits_a_chunk(hidden.device()) / vocabulary_size);
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
    const auto type = hidden.scalar_type();
    const auto matrix = head.to(type);
    auto total = torch::zeros({}, hidden.options().dtype(torch::kFloat64));
    for_each_chunk(hidden, head.size(0), [&](int64_t begin, int64_t end) {
      const auto chunk = hidden.slice(0, begin, end);
      const auto target = targets.slice(0, begin, end).unsqueeze(1);
      auto scores = at::log_softmax(float_product(chunk, matrix.t()), 1);
      total.sub_(scores.gather(1, target).sum(torch::kFloat64));
      // d loss / d logits = (softmax - one-hot) / rows, in place of the scores.
      scores.exp_();
      scores.scatter_add_(1, target, torch::full({end - begin, 1}, -1.0f, scores.options()));
      scores.mul_(weight);
      auto gradient_slice = hidden_gradient.slice(0, begin, end);
      const auto rounded = scores.to(type);
      at::mm_out(gradient_slice, rounded, matrix);
      if (type == torch::kFloat32) {
        head_gradient.addmm_(rounded.t(), chunk);
      } else {
        head_gradient.add_(float_product(rounded.t(), chunk));
      }
    });
    context->save_for_backward({hidden_gradient, head_gradient});
    return (total * weight).to(torch::kFloat32);
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 torch::autograd::variable_list gradients) {
    const auto saved = context->get_saved_variables();
    return {saved[0] * gradients[0].to(saved[0].scalar_type()), saved[1] * gradients[0],
            torch::Tensor()};
  }
};

}  // namespace

torch::Tensor mean_nats(const torch::Tensor& hidden, const torch::Tensor& head,
                        const torch::Tensor& targets) {
  check_shapes(hidden, head, targets);
  const auto scored = targets.ge(0).nonzero().squeeze(1);
  TORCH_CHECK(scored.size(0) > 0, "no target is scored");
  if (scored.size(0) == targets.size(0)) {
    return MeanNats::apply(hidden, head, sent(targets, hidden.device()));
  }
  return MeanNats::apply(hidden.index_select(0, sent(scored, hidden.device())), head,
                         sent(targets.index_select(0, scored), hidden.device()));
}

torch::Tensor token_nats(const torch::Tensor& hidden, const torch::Tensor& head,
                         const torch::Tensor& targets) {
  check_shapes(hidden, head, targets);
  const torch::NoGradGuard no_grad;
  const auto matrix = head.to(hidden.scalar_type());
  const auto wanted = sent(targets, hidden.device()).unsqueeze(1);
  auto nats = torch::empty({hidden.size(0)}, hidden.options().dtype(torch::kFloat32));
  for_each_chunk(hidden, head.size(0), [&](int64_t begin, int64_t end) {
    const auto logits = float_product(hidden.slice(0, begin, end), matrix.t());
    const auto chosen = logits.gather(1, wanted.slice(0, begin, end)).squeeze(1);
    nats.slice(0, begin, end).copy_(logits.logsumexp(1) - chosen);
  });
  return nats;
}

torch::Tensor likeliest_tokens(const torch::Tensor& hidden, const torch::Tensor& head) {
  const torch::NoGradGuard no_grad;
  const auto matrix = head.to(hidden.scalar_type());
  auto tokens = torch::empty({hidden.size(0)}, hidden.options().dtype(torch::kInt64));
  for_each_chunk(hidden, head.size(0), [&](int64_t begin, int64_t end) {
    tokens.slice(0, begin, end)
        .copy_(float_product(hidden.slice(0, begin, end), matrix.t()).argmax(1));
  });
  return tokens;
}

}  // namespace lengthwise
