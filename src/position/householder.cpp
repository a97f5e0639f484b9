#include "position/householder.h"

#include <torch/csrc/autograd/autograd.h>

#include <algorithm>

namespace lengthwise {
namespace {

using torch::Tensor;
using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

/// Tokens a chunk, a power of two: about as many as a head is wide, so that what a chunk solves and
/// what a walk carries over it are of one size.
int64_t chunk_length(int64_t head_width) {
  return head_width <= 32 ? 32 : 64;
}

/// What a block is handed, N chunks of n tokens: [B, H, N, ...].
enum Input {
  kKeys,        // [n, K]
  kKeysAtEnd,   // [n, K], each through the H that come after it in its chunk
  kW,           // [n, K]
  kSolved,      // S W [n, K]
  kSolvedKeys,  // S tril(W keys', -1) [n, n]
  kThrough,     // the chunk's H, the last first [K, K]
};

/// (I + L)^-1 of what is strictly lower in L [.., n, n], n a power of two: by halves, from blocks
/// of one number up.
Tensor unit_lower_inverse(const Tensor& lower) {
  const int64_t n = lower.size(-1);
  auto shape = lower.sizes().slice(0, static_cast<size_t>(lower.dim() - 2)).vec();
  shape.insert(shape.end(), {n, 1, 1});
  auto inverse = torch::ones(shape, lower.options());  // [.., blocks, half, half]
  for (int64_t half = 1; half < n; half *= 2) {
    const int64_t blocks = n / (2 * half);
    const auto below = lower.unflatten(-1, {blocks, 2, half})
                           .unflatten(-4, {blocks, 2, half})
                           .select(-2, 0)
                           .select(-4, 1)        // [.., blocks, half, blocks, half]
                           .diagonal(0, -4, -2)  // [.., half, half, blocks]
                           .movedim(-1, -3);
    const auto first = inverse.slice(-3, 0, 2 * blocks, 2);
    const auto second = inverse.slice(-3, 1, 2 * blocks, 2);
    const auto corner = -torch::matmul(second, torch::matmul(below, first));
    inverse = torch::cat(
        {torch::cat({first, torch::zeros_like(first)}, -1), torch::cat({corner, second}, -1)}, -2);
  }
  return inverse.squeeze(-3);
}

/// x [B, H, T, ...] -> [B, H, N, n, ...], zeros behind the last token.
Tensor in_chunks(const Tensor& x, int64_t n) {
  const int64_t missing = (n - x.size(2) % n) % n;
  std::vector<int64_t> padding(static_cast<size_t>(2 * (x.dim() - 2)), 0);
  padding.back() = missing;
  return at::constant_pad_nd(x, padding, 0).unflatten(2, {-1, n});
}

/// One block's walk from its last query back.
class BackWalk {
 public:
  BackWalk(const Tensor& queries, const LogitBlock& block, at::TensorList inputs)
      : queries_(queries), block_(block), inputs_(inputs), n_(inputs[kW].size(3)) {}

  Tensor products() {
    const int64_t sink_chunks = (block_.sinks + n_ - 1) / n_;
    const int64_t first_chunk = block_.first / n_, end_chunk = (block_.end - 1) / n_ + 1;
    begin_chunk_ = block_.begin / n_;
    // Cut once: the gradient of each cut is of the size of what it is cut from.
    for (const Tensor& input : inputs_) own_.push_back(input.slice(2, begin_chunk_, end_chunk));
    at_.resize(static_cast<size_t>(end_chunk));
    Tensor walked;  // queries through all chunks so far, from the last back
    for (int64_t chunk = end_chunk - 1; chunk >= begin_chunk_; --chunk) {
      walked = within(chunk, walked);
    }
    const int64_t last = block_.sinks > 0 ? 0 : first_chunk;
    std::vector<Tensor> through;
    if (last < begin_chunk_) through = inputs_[kThrough].slice(2, last, begin_chunk_).unbind(2);
    for (int64_t chunk = begin_chunk_ - 1; chunk >= last; --chunk) {
      at_[static_cast<size_t>(chunk)] = walked;
      if (chunk > last) walked = torch::matmul(walked, through[static_cast<size_t>(chunk - last)]);
    }
    const auto recent =
        columns(first_chunk, end_chunk)
            .slice(3, block_.first - first_chunk * n_, block_.end - first_chunk * n_);
    if (block_.sinks == 0) return recent;
    return torch::cat({columns(0, sink_chunks).slice(3, 0, block_.sinks), recent}, 3);
  }

 private:
  Tensor of(Input input, int64_t chunk) const {
    return own_[input].select(2, chunk - begin_chunk_);
  }

  /// Of a chunk that has queries of the block: its columns, zeros below the queries. -> the queries
  /// so far, through this chunk.
  Tensor within(int64_t chunk, const Tensor& walked) {
    const int64_t from = std::max(block_.begin, chunk * n_);
    const int64_t to = std::min(block_.end, (chunk + 1) * n_);
    const auto own = queries_.slice(2, block_.end - to, block_.end - from);
    const auto places = torch::arange(n_, block_.query_index.options()) + chunk * n_;
    const auto index = block_.query_index.slice(0, block_.end - to, block_.end - from);
    const auto seen = index.unsqueeze(1).ge(places);
    const auto met = torch::matmul(own, of(kW, chunk).transpose(2, 3)) * seen;
    auto rows = torch::matmul(own, of(kKeys, chunk).transpose(2, 3)) -
                torch::matmul(met, of(kSolvedKeys, chunk));
    auto through = own - torch::matmul(met, of(kSolved, chunk));
    if (walked.defined()) {
      rows = torch::cat({torch::matmul(walked, of(kKeysAtEnd, chunk).transpose(2, 3)), rows}, 2);
      through = torch::cat({torch::matmul(walked, of(kThrough, chunk)), through}, 2);
    }
    at_[static_cast<size_t>(chunk)] =
        at::constant_pad_nd(rows, {0, 0, 0, queries_.size(2) - rows.size(2)}, 0);
    return through;
  }

  /// [B, H, Q, n (to - from)]
  Tensor columns(int64_t from, int64_t to) const {
    std::vector<Tensor> parts;
    const int64_t far = std::min(to, begin_chunk_);
    if (from < far) {
      const std::vector<Tensor> walked(at_.begin() + from, at_.begin() + far);
      const auto keys = inputs_[kKeysAtEnd].slice(2, from, far).transpose(3, 4);
      const auto products = torch::matmul(torch::stack(walked, 2), keys);  // [B, H, m, Q, n]
      parts.push_back(products.transpose(2, 3).flatten(3));
    }
    for (int64_t chunk = std::max(from, begin_chunk_); chunk < to; ++chunk) {
      parts.push_back(at_[static_cast<size_t>(chunk)]);
    }
    return torch::cat(parts, 3);
  }

  const Tensor& queries_;  // [B, H, Q, K]
  const LogitBlock& block_;
  at::TensorList inputs_;
  int64_t n_;
  std::vector<Tensor> own_;  // inputs of the chunks that have queries of the block
  int64_t begin_chunk_ = 0;
  /// By chunk: before those of the block's queries, the queries as they come to its end; else the
  /// chunk's columns.
  std::vector<Tensor> at_;
};

/// In the order of Input.
variable_list prepared(const Tensor& keys, const Tensor& w, const Tensor& beta) {
  const int64_t n = chunk_length(w.size(3));
  const auto chunk_keys = in_chunks(keys, n), chunk_w = in_chunks(w, n);
  const auto strength = in_chunks(beta, n);
  const auto across = chunk_w.transpose(3, 4);
  const auto lower = strength.unsqueeze(4) * torch::matmul(chunk_w, across);
  const auto solution = unit_lower_inverse(lower) * strength.unsqueeze(3);
  const auto solved = torch::matmul(solution, chunk_w);
  const auto met = torch::matmul(chunk_w, chunk_keys.transpose(3, 4)).tril(-1);
  const auto solved_keys = torch::matmul(solution, met);
  const auto at_end = chunk_keys - torch::matmul(solved_keys.transpose(3, 4), chunk_w);
  const auto through = torch::eye(w.size(3), w.options()) - torch::matmul(across, solved);
  return {chunk_keys, at_end, chunk_w, solved, solved_keys, through};
}

/// One head of each.
variable_list of_head(const variable_list& all, int64_t head) {
  variable_list parts;
  for (const Tensor& each : all) parts.push_back(each.slice(1, head, head + 1));
  return parts;
}

/// Every head's, one behind the other.
variable_list joined(const std::vector<variable_list>& heads) {
  variable_list all;
  for (size_t i = 0; i < heads[0].size(); ++i) {
    variable_list parts;
    for (const auto& head : heads) parts.push_back(head[i]);
    all.push_back(torch::cat(parts, 1));
  }
  return all;
}

/// The same of all heads, one at a time, and computed again in backward: on the way to it stands
/// several times what it gives.
struct PrepareFunction : torch::autograd::Function<PrepareFunction> {
  static variable_list forward(AutogradContext* context, const Tensor& keys, const Tensor& w,
                               const Tensor& beta) {
    context->save_for_backward({keys, w, beta});
    std::vector<variable_list> heads;
    for (int64_t head = 0; head < keys.size(1); ++head) {
      const auto own = of_head({keys, w, beta}, head);
      heads.push_back(prepared(own[0], own[1], own[2]));
    }
    return joined(heads);
  }

  static variable_list backward(AutogradContext* context, const variable_list& upstream) {
    const torch::AutoGradMode with_graph(true);
    const auto saved = context->get_saved_variables();
    std::vector<variable_list> heads;
    for (int64_t head = 0; head < saved[0].size(1); ++head) {
      variable_list leaves;
      for (const Tensor& own : of_head(saved, head)) {
        leaves.push_back(own.detach().requires_grad_());
      }
      const auto outputs = prepared(leaves[0], leaves[1], leaves[2]);
      heads.push_back(torch::autograd::grad(outputs, leaves, of_head(upstream, head)));
    }
    return joined(heads);
  }
};

}  // namespace

PairProduct householder_product(const Tensor& keys, const Tensor& w, const Tensor& beta) {
  const auto block = [](const Tensor& queries, const LogitBlock& rectangle, at::TensorList inputs) {
    return BackWalk(queries, rectangle, inputs).products();
  };
  return {PrepareFunction::apply(keys, w, beta), block, /*floats_per_logit=*/6};
}

}  // namespace lengthwise
