#include "model/attention_walk.h"

#include <torch/csrc/autograd/autograd.h>

#include <algorithm>

#include "model/attention_fused.h"
#include "model/attention_gradients.h"

namespace lengthwise {
namespace {

using torch::Tensor;
using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

/// Rows of queries taken at once by the fused kernel where its mask is a view: it is fastest with
/// many, and the causal half of the work is only saved with few.
constexpr int64_t kFusedRows = 512;

FusedAttention fused_block(const Walk& walk, const LogitBlock& block, const Tensor& queries,
                           const Tensor& keys, const Tensor& values, const BlockBias& bias) {
  auto result =
      fused_attention(queries, keys, values, bias.mask(block, queries.size(0)), walk.scale);
  const auto sink = bias.sink(block);
  if (!sink.defined()) return result;
  const auto log_sum = result.log_sum.logaddexp(sink);
  return {result.output * (result.log_sum - log_sum).exp().unsqueeze(3).to(values.scalar_type()),
          log_sum};
}

FusedAttention block_by_hand(const Walk& walk, const LogitBlock& block, const Tensor& queries,
                             const Tensor& keys, const Tensor& values, const BlockBias& bias) {
  auto logits = bias.logits(block, bias.products(block, queries, keys), queries).clone();
  hide(logits, block, -std::numeric_limits<float>::infinity());
  auto log_sum = walk.normalised() ? logits.logsumexp(3)
                                   : torch::zeros(logits.sizes().slice(0, 3), logits.options());
  if (const auto sink = bias.sink(block); sink.defined()) log_sum = log_sum.logaddexp(sink);
  auto weights = logits.sub_(log_sum.unsqueeze(3)).exp_();
  if (walk.dropout.probability > 0) {
    weights.mul_(keep_mask(walk.dropout, block, weights.sizes()))
        .div_(1 - walk.dropout.probability);
  }
  return {torch::matmul(weights.to(values.scalar_type()), values), log_sum};
}

int64_t floats_per_logit(const Walk& walk) {
  const int64_t of_product = walk.parts.product ? walk.parts.product->floats_per_logit : 0;
  return of_product + std::visit(Overloaded{
                                     [](const PairBias& kind) { return kind.floats_per_logit; },
                                     [](const LogitChange& kind) { return kind.floats_per_logit; },
                                     [](const auto&) { return int64_t{1}; },
                                 },
                                 walk.bias);
}

/// About 4 MB of logits a block, or 32 MB of everything that is made on the way to them; 32 times
/// that off the CPU, whose caches alone want small blocks.
int64_t rows_by_hand(const Tensor& queries, const Walk& walk, int64_t length) {
  const int64_t seen = walk.visibility.window > 0
                           ? std::min(length, 2 * walk.visibility.window + walk.visibility.sinks)
                           : length;
  const int64_t floats = std::max<int64_t>(8, floats_per_logit(walk));
  const int64_t least = floats > 16 ? 8 : floats > 8 ? 16 : 32;
  const int64_t budget = queries.is_cpu() ? 1 << 23 : 1 << 28;
  const int64_t rows = budget / (queries.size(0) * queries.size(1) * seen * floats);
  // A key bias is rounded relative to its block, so a large block costs digits.
  const int64_t most = std::holds_alternative<KeyBias>(walk.bias) ? 64 : 512;
  return std::clamp<int64_t>(rows, std::min(least, length), most);
}

/// Rows where the bias is no tensor of the block's own: it is a view of one vector.
int64_t rows_of_views(const Walk& walk, int64_t length) {
  const int64_t window = walk.visibility.window > 0 ? walk.visibility.window : length;
  return std::min({kFusedRows, length, std::max<int64_t>(64, window)});
}

void choose_rows(Walk& walk, const Tensor& queries, int64_t length) {
  walk.rows = rows_by_hand(queries, walk, length);
  const bool by_distance =
      std::holds_alternative<NoBias>(walk.bias) || std::holds_alternative<DistanceBias>(walk.bias);
  walk.fused_rows = by_distance ? rows_of_views(walk, length) : walk.rows;
}

/// Calls visit(block) for each block of the rows from `first` on.
template <class Visit>
void for_each_block(const Walk& walk, int64_t rows, int64_t first, const Tensor& keys,
                    Visit&& visit) {
  const int64_t length = keys.size(2);
  for (int64_t begin = first; begin < length; begin += rows) {
    visit(make_block(begin, std::min(length, begin + rows), walk.visibility, keys.device()));
  }
}

struct WalkFunction : torch::autograd::Function<WalkFunction> {
  static Tensor forward(AutogradContext* context, const Tensor& queries, const Tensor& keys,
                        const Tensor& values, at::TensorList inputs,
                        const c10::intrusive_ptr<Walk>& walk) {
    const int64_t length = keys.size(2), first = length - queries.size(2);
    const bool fused = walk->fits_fused_kernel();
    const int64_t rows = fused ? walk->fused_rows : walk->rows;
    const BlockBias bias(*walk, keys, rows, inputs);
    auto output = torch::empty_like(queries, queries.options(), torch::MemoryFormat::Contiguous);
    auto log_sum =
        torch::empty(queries.sizes().slice(0, 3), queries.options().dtype(torch::kFloat32));
    for_each_block(*walk, rows, first, keys, [&](const LogitBlock& block) {
      const auto result = (fused ? fused_block : block_by_hand)(
          *walk, block, block_rows(queries, block, first), block_columns(keys, 2, block),
          block_columns(values, 2, block), bias);
      output.slice(2, block.begin - first, block.end - first).copy_(result.output.flip(2));
      log_sum.slice(2, block.begin - first, block.end - first).copy_(result.log_sum.flip(2));
    });
    variable_list saved{queries, keys, values, output, log_sum};
    saved.insert(saved.end(), inputs.begin(), inputs.end());
    context->save_for_backward(saved);
    context->saved_data["walk"] = c10::IValue::make_capsule(walk);
    return output;
  }

  static variable_list backward(AutogradContext* context, const variable_list& upstream) {
    const auto saved = context->get_saved_variables();
    const auto walk =
        c10::static_intrusive_pointer_cast<Walk>(context->saved_data["walk"].toCapsule());
    const variable_list inputs(saved.begin() + 5, saved.end());
    const bool fused = walk->fits_fused_kernel() &&
                       std::ranges::none_of(walk->of_bias(inputs), [](const Tensor& input) {
                         return input.requires_grad();
                       });
    const int64_t rows = fused ? walk->fused_rows : walk->rows;
    AttentionGradients gradients(
        *walk, {saved[0], saved[1], saved[2], saved[3], saved[4], upstream[0]}, inputs, rows);
    const int64_t length = saved[1].size(2), first = length - saved[0].size(2);
    for_each_block(*walk, rows, first, saved[1], [&](const LogitBlock& block) {
      fused ? gradients.add_fused(block) : gradients.add_by_hand(block);
    });
    auto all = gradients.gradients();
    all.emplace_back();  // of the walk itself
    return all;
  }
};

/// A block that reads a tensor it does not list trains without it: one row tells.
void check_inputs_are_listed(const Walk& walk, const std::vector<Tensor>& inputs,
                             const Tensor& queries) {
  const torch::AutoGradMode with_graph(true);
  variable_list detached;
  for (const Tensor& input : inputs) detached.push_back(input.detach());
  const LogitBlock block = make_block(0, 1, {}, queries.device());
  const auto first = queries.detach().slice(2, 0, 1).to(torch::kFloat32);
  const auto check = [](const Tensor& result) {
    TORCH_CHECK(!result.requires_grad(),
                "a bias reads a tensor that needs gradients and is not among its inputs");
  };
  const auto of_bias = walk.of_bias(detached);
  if (const auto* pair = std::get_if<PairBias>(&walk.bias)) check(pair->block(block, of_bias));
  if (const auto* change = std::get_if<LogitChange>(&walk.bias)) {
    const auto logits = torch::zeros({first.size(0), first.size(1), 1, 1}, first.options());
    check(change->block(logits, first, block, of_bias));
  }
  if (walk.parts.product) {
    check(walk.parts.product->block(first, block, walk.of_product(detached)));
  }
}

}  // namespace

Tensor widened(const Tensor& values, int64_t width) {
  return at::constant_pad_nd(values, {0, width - values.size(3)}, 0);
}

Tensor walk_attention(const Tensor& queries, const Tensor& keys, const Tensor& values,
                      const AttentionBias& bias, double scale, const Visibility& visibility,
                      const AttentionDropout& dropout, int64_t rows_a_block,
                      const AttentionParts& parts) {
  if (const int64_t width = values.size(3); queries.size(3) > width) {
    return walk_attention(queries, keys, widened(values, queries.size(3)), bias, scale, visibility,
                          dropout, rows_a_block, parts)
        .slice(3, 0, width);
  }
  auto walk = c10::make_intrusive<Walk>();
  walk->bias = bias;
  walk->parts = parts;
  const auto inputs = walk->all_inputs();
  if (at::GradMode::is_enabled()) check_inputs_are_listed(*walk, inputs, queries);
  walk->scale = scale;
  walk->visibility = visibility;
  walk->dropout = dropout;
  choose_rows(*walk, queries, keys.size(2));
  if (rows_a_block > 0) walk->rows = walk->fused_rows = std::min(rows_a_block, keys.size(2));
  return WalkFunction::apply(queries, keys, values, at::TensorList(inputs), walk);
}

}  // namespace lengthwise
