#include "model/losses.h"

#include <ATen/ops/mm.h>

#include <algorithm>

#include "fused/library.h"
#include "fused/loss_rows.h"
#include "model/device.h"

namespace lengthwise {
namespace {

/// 4 MB of logits a chunk stay in a CPU's cache while they are used; elsewhere 1 GB keeps the
/// device busy, in a multiple of rows that products like.
int64_t rows_a_chunk(const torch::Device& device, int64_t vocabulary_size) {
  constexpr int64_t kMultiple = 1024;
  if (device.is_cpu()) return std::max<int64_t>(16, (1 << 20) / vocabulary_size);
  const int64_t rows = std::max<int64_t>(16, (1 << 28) / vocabulary_size);
  return (rows + kMultiple - 1) / kMultiple * kMultiple;
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
  const int64_t at_once = rows_a_chunk(hidden.device(), vocabulary_size);
  for (int64_t begin = 0; begin < rows; begin += at_once) {
    chunk(begin, std::min(rows, begin + at_once));
  }
}

/// The matrix [V, D] rounded to `type`, rows of zeros behind it up to `rows`.
torch::Tensor rounded_rows(const torch::Tensor& matrix, torch::ScalarType type, int64_t rows) {
  const int64_t filled = matrix.size(0);
  if (rows == filled) return matrix.to(type);
  const auto padded = torch::empty({rows, matrix.size(1)}, matrix.options().dtype(type));
  padded.slice(0, 0, filled).copy_(matrix);
  padded.slice(0, filled).zero_();
  return padded;
}

/// sum += a b, float32; an undefined sum is nothing yet.
void add_product(torch::Tensor& sum, const torch::Tensor& a, const torch::Tensor& b) {
  if (a.scalar_type() == torch::kFloat32) {
    if (!sum.defined()) sum = torch::zeros({a.size(0), b.size(1)}, a.options());
    sum.addmm_(a, b);
  } else if (!sum.defined()) {
    sum = float_product(a, b);
  } else {
    sum.add_(float_product(a, b));
  }
}

struct MeanNats : torch::autograd::Function<MeanNats> {
  static torch::Tensor forward(torch::autograd::AutogradContext* context,
                               const torch::Tensor& hidden, const torch::Tensor& head,
                               const torch::Tensor& targets) {
    const int64_t rows = hidden.size(0), vocabulary = head.size(0);
    const double weight = 1.0 / static_cast<double>(rows);
    const auto type = hidden.scalar_type();
    const auto matrix = rounded_rows(head, type, padded_vocabulary(hidden, vocabulary));
    auto hidden_gradient = torch::empty_like(hidden);
    torch::Tensor head_gradient;
    auto total = torch::zeros({}, hidden.options().dtype(torch::kFloat64));
    for_each_chunk(hidden, vocabulary, [&](int64_t begin, int64_t end) {
      const auto chunk = hidden.slice(0, begin, end);
      const auto [nats, gradient] = loss_rows(
          float_product(chunk, matrix.t()), targets.slice(0, begin, end), vocabulary, weight, type);
      total.add_(nats.sum(torch::kFloat64));
      auto gradient_slice = hidden_gradient.slice(0, begin, end);
      at::mm_out(gradient_slice, gradient, matrix);
      add_product(head_gradient, gradient.t(), chunk);
    });
    context->save_for_backward({hidden_gradient, head_gradient.slice(0, 0, vocabulary)});
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

Likeliest likeliest_tokens(const torch::Tensor& hidden, const torch::Tensor& head,
                           const torch::Tensor& others) {
  const torch::NoGradGuard no_grad;
  const int64_t tokens = head.size(0), rest = others.defined() ? others.size(0) : 0;
  const auto matrix = (rest > 0 ? torch::cat({head, others}) : head).to(hidden.scalar_type());
  const auto float32 = hidden.options().dtype(torch::kFloat32);
  Likeliest found{torch::empty({hidden.size(0)}, float32.dtype(torch::kInt64)),
                  torch::empty({hidden.size(0)}, float32),
                  torch::empty({hidden.size(0), rest}, float32)};
  for_each_chunk(hidden, tokens + rest, [&](int64_t begin, int64_t end) {
    const auto logits = float_product(hidden.slice(0, begin, end), matrix.t());
    const auto which = logits.slice(1, 0, tokens).argmax(1);
    const auto all = logits.logsumexp(1);
    found.tokens.slice(0, begin, end).copy_(which);
    found.log_likelihoods.slice(0, begin, end)
        .copy_(logits.gather(1, which.unsqueeze(1)).squeeze(1) - all);
    found.others.slice(0, begin, end).copy_(logits.slice(1, tokens) - all.unsqueeze(1));
  });
  return found;
}

}  // namespace lengthwise
