#include "model/attention_walk.h"

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/ops/_scaled_dot_product_flash_attention_for_cpu.h>
#include <torch/csrc/autograd/autograd.h>

#include <algorithm>
#include <limits>

#include "base/random.h"

namespace lengthwise {
namespace {

using torch::Tensor;
using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

constexpr float kMinusInfinity = -std::numeric_limits<float>::infinity();
/// exp() of less is denormal: slow, and nothing.
constexpr double kSmallestExponent = -87.3;

/// Everything of a call but its tensors, for forward and backward alike.
struct Walk : torch::CustomClassHolder {
  AttentionBias bias;  // its tensors are replaced by the inputs handed to each function
  double scale = 1;
  Visibility visibility;
  AttentionDropout dropout;
  int64_t rows = 0;
};

/// Sums over what was broadcast, so that the result has the shape asked for.
Tensor summed_to(const Tensor& gradient, at::IntArrayRef sizes) {
  return at::sum_to(gradient, sizes);
}

/// Fills what a query may not see, in place. Without a window that is a triangle in the last
/// columns.
void hide(Tensor& logits, const LogitBlock& block, const Visibility& visibility, double with) {
  const int64_t rows = block.end - block.begin, columns = logits.size(3);
  const int64_t first = visibility.window > 0 ? 0 : columns - rows;
  logits.slice(3, first).masked_fill_(block.visible.slice(1, first).logical_not(), with);
}

Tensor keep_mask(const Walk& walk, const LogitBlock& block, at::IntArrayRef sizes) {
  // Four 16-bit numbers a draw: a third of the time of bernoulli_, and a rate good to 2^-16.
  const auto generator = at::make_generator<at::CPUGeneratorImpl>(
      split_stream(walk.dropout.seed, static_cast<uint64_t>(block.begin)).next());
  const int64_t count = c10::multiply_integers(sizes);
  auto draws = torch::empty({(count + 3) / 4}, torch::kInt64);
  draws.random_(std::numeric_limits<int64_t>::min(), std::nullopt, generator);
  const auto threshold = static_cast<int64_t>(walk.dropout.probability * 65536) - 32768;
  return draws.view(torch::kInt16).slice(0, 0, count).ge(threshold).view(sizes);
}

struct BlockResult {
  Tensor output, log_sum;  // [B, H, Q, K], [B, H, Q]
};

/// The fused kernel with the block's bias as its mask.
BlockResult fused_block(const Walk& walk, const LogitBlock& block, const Tensor& queries,
                        const Tensor& keys, const Tensor& values, at::TensorList inputs,
                        const std::optional<HankelVector>& hankel) {
  Tensor mask;
  if (hankel && HankelVector::fits(block, walk.visibility)) {
    mask = hankel->mask(block);
  } else {
    const auto bias = block_bias(walk.bias, block, inputs);
    mask =
        bias.defined()
            ? bias.expand({-1, -1, block.end - block.begin, -1}).clone()
            : torch::zeros({1, queries.size(1), block.end - block.begin, block.key_index.size(0)});
    hide(mask, block, walk.visibility, kMinusInfinity);
    mask = mask.expand({queries.size(0), -1, -1, -1});
  }
  auto [output, log_sum] = at::_scaled_dot_product_flash_attention_for_cpu(
      queries, keys, values, 0.0, /*is_causal=*/false, mask, walk.scale);
  return {output, log_sum};
}

/// Logits of a block with its bias or change, not masked.
Tensor block_logits(const Walk& walk, const LogitBlock& block, const Tensor& queries,
                    const Tensor& keys, at::TensorList inputs,
                    const std::optional<HankelVector>& hankel) {
  auto logits = torch::matmul(queries, keys.transpose(2, 3)).mul_(walk.scale);
  if (const auto* change = std::get_if<LogitChange>(&walk.bias)) {
    return change->block(logits, queries, block, inputs);
  }
  if (hankel && HankelVector::fits(block, walk.visibility)) return logits.add_(hankel->mask(block));
  const auto bias = block_bias(walk.bias, block, inputs);
  return bias.defined() ? logits.add_(bias) : logits;
}

BlockResult block_by_hand(const Walk& walk, const LogitBlock& block, const Tensor& queries,
                          const Tensor& keys, const Tensor& values, at::TensorList inputs,
                          const std::optional<HankelVector>& hankel) {
  auto logits = block_logits(walk, block, queries, keys, inputs, hankel).clone();
  hide(logits, block, walk.visibility, kMinusInfinity);
  const auto log_sum = logits.logsumexp(3);
  auto weights = logits.sub_(log_sum.unsqueeze(3)).exp_();
  if (walk.dropout.probability > 0) {
    weights.mul_(keep_mask(walk, block, weights.sizes())).div_(1 - walk.dropout.probability);
  }
  return {torch::matmul(weights, values), log_sum};
}

int64_t floats_per_logit(const AttentionBias& bias) {
  return std::visit(Overloaded{
                        [](const PairBias& kind) { return kind.floats_per_logit; },
                        [](const LogitChange& kind) { return kind.floats_per_logit; },
                        [](const auto&) { return int64_t{1}; },
                    },
                    bias);
}

/// About 4 MB of logits a block.
int64_t choose_rows(const Tensor& queries, const Walk& walk) {
  const int64_t length = queries.size(2);
  const int64_t seen = walk.visibility.window > 0
                           ? std::min(length, 2 * walk.visibility.window + walk.visibility.sinks)
                           : length;
  const int64_t least = floats_per_logit(walk.bias) > 8 ? 16 : 32;
  const int64_t rows = (1 << 20) / (queries.size(0) * queries.size(1) * seen);
  // A key bias is rounded relative to its block, so a large block costs digits.
  const int64_t most = std::holds_alternative<KeyBias>(walk.bias) ? 64 : 512;
  return std::clamp<int64_t>(rows, std::min(least, length), most);
}

std::optional<HankelVector> make_hankel(const Walk& walk, const Tensor& queries,
                                        at::TensorList inputs) {
  if (std::holds_alternative<DistanceBias>(walk.bias)) {
    return HankelVector(inputs[0].detach(), walk.rows, walk.visibility);
  }
  if (std::holds_alternative<NoBias>(walk.bias)) {
    return HankelVector(torch::zeros({queries.size(1), queries.size(2)}), walk.rows,
                        walk.visibility);
  }
  return std::nullopt;
}

/// Calls visit(block) for each block of rows.
template <class Visit>
void for_each_block(const Walk& walk, int64_t length, Visit&& visit) {
  for (int64_t begin = 0; begin < length; begin += walk.rows) {
    visit(make_block(begin, std::min(length, begin + walk.rows), walk.visibility));
  }
}

/// Gradients of one block, added to those of the whole.
class BlockBackward {
 public:
  BlockBackward(const Walk& walk, const Tensor& queries, const Tensor& keys, const Tensor& values,
                const variable_list& inputs)
      : walk_(walk),
        queries_(queries),
        keys_(keys),
        values_(values),
        inputs_(inputs),
        hankel_(make_hankel(walk, queries, inputs)),
        query_gradient_(torch::zeros_like(queries)),
        key_gradient_(torch::zeros_like(keys)),
        value_gradient_(torch::zeros_like(values)) {
    for (const Tensor& input : inputs) {
      input_gradients_.push_back(input.requires_grad() ? torch::zeros_like(input) : Tensor());
    }
  }

  void add(const LogitBlock& block, const Tensor& output_gradient, const Tensor& output,
           const Tensor& log_sum) {
    const auto queries = block_rows(queries_, block);
    const auto keys = block_columns(keys_, 2, block), values = block_columns(values_, 2, block);
    const auto upstream = block_rows(output_gradient, block);
    const auto delta = (upstream * block_rows(output, block)).sum(3, /*keepdim=*/true);
    const auto sums = log_sum.slice(2, block.begin, block.end).flip(2).unsqueeze(3);

    std::optional<ChangedLogits> changed;
    Tensor weights;
    if (const auto* change = std::get_if<LogitChange>(&walk_.bias)) {
      changed = change_with_graph(*change, block, queries, keys);
      weights = changed->result.detach() - sums;
    } else {
      weights = block_logits(walk_, block, queries, keys, inputs_, hankel_).sub_(sums);
    }
    weights.clamp_min_(kSmallestExponent).exp_();
    hide(weights, block, walk_.visibility, 0);

    auto slope =
        torch::matmul(upstream, values.transpose(2, 3));  // of the weights, then of the logits
    if (walk_.dropout.probability > 0) {
      const auto keep = keep_mask(walk_, block, weights.sizes())
                            .to(torch::kFloat32)
                            .div_(1 - walk_.dropout.probability);
      add_block_columns(value_gradient_, 2, block,
                        torch::matmul((weights * keep).transpose(2, 3), upstream));
      slope.mul_(keep);
    } else {
      add_block_columns(value_gradient_, 2, block,
                        torch::matmul(weights.transpose(2, 3), upstream));
    }
    slope.sub_(delta).mul_(weights);

    auto query_slope = torch::zeros_like(queries);
    if (changed) {
      slope = through_change(*changed, slope, query_slope);
    } else {
      add_bias_gradient(block, slope);
    }
    query_slope.add_(torch::matmul(slope, keys), walk_.scale);
    query_gradient_.slice(2, block.begin, block.end).copy_(query_slope.flip(2));
    add_block_columns(key_gradient_, 2, block,
                      torch::matmul(slope.transpose(2, 3), queries).mul_(walk_.scale));
  }

  variable_list gradients() {
    variable_list all{query_gradient_, key_gradient_, value_gradient_};
    all.insert(all.end(), input_gradients_.begin(), input_gradients_.end());
    all.emplace_back();  // of the walk itself
    return all;
  }

 private:
  struct ChangedLogits {
    variable_list leaves;  // logits, queries, then the inputs that need gradients
    std::vector<size_t> needed;
    Tensor result;
  };

  variable_list detached_inputs(std::vector<size_t>& needed, variable_list& leaves) const {
    variable_list detached;
    for (size_t i = 0; i < inputs_.size(); ++i) {
      detached.push_back(inputs_[i].detach());
      if (!inputs_[i].requires_grad()) continue;
      detached.back().set_requires_grad(true);
      needed.push_back(i);
      leaves.push_back(detached.back());
    }
    return detached;
  }

  ChangedLogits change_with_graph(const LogitChange& change, const LogitBlock& block,
                                  const Tensor& queries, const Tensor& keys) const {
    const torch::AutoGradMode with_graph(true);
    ChangedLogits changed;
    changed.leaves = {torch::matmul(queries, keys.transpose(2, 3))
                          .mul_(walk_.scale)
                          .detach()
                          .requires_grad_(true),
                      queries.detach().requires_grad_(true)};
    const auto inputs = detached_inputs(changed.needed, changed.leaves);
    changed.result = change.block(changed.leaves[0], changed.leaves[1], block, inputs);
    return changed;
  }

  /// -> the gradient of the logits before the change; adds those of the inputs and of the queries.
  Tensor through_change(const ChangedLogits& changed, const Tensor& slope, Tensor& query_slope) {
    const auto gradients =
        torch::autograd::grad({changed.result}, changed.leaves, {slope}, std::nullopt,
                              /*create_graph=*/false, /*allow_unused=*/true);
    if (gradients[1].defined()) query_slope.add_(gradients[1]);
    add_input_gradients(changed.needed, gradients, 2);
    return gradients[0].defined() ? gradients[0] : torch::zeros_like(slope);
  }

  void add_input_gradients(const std::vector<size_t>& needed, const variable_list& gradients,
                           size_t offset) {
    for (size_t i = 0; i < needed.size(); ++i) {
      if (gradients[offset + i].defined()) input_gradients_[needed[i]].add_(gradients[offset + i]);
    }
  }

  void add_bias_gradient(const LogitBlock& block, const Tensor& slope) {
    if (inputs_.empty() || std::ranges::none_of(inputs_, &Tensor::requires_grad)) return;
    std::visit(Overloaded{
                   [&](const DistanceBias&) { add_by_distance(block, slope.sum(0)); },
                   [&](const KeyBias&) {
                     add_block_columns(
                         input_gradients_[0], 2, block,
                         summed_to(slope.sum(2, false, torch::kFloat64),
                                   {inputs_[0].size(0), slope.size(1), slope.size(3)}));
                   },
                   [&](const PairBias& kind) { add_through_pairs(kind, block, slope); },
                   [](const auto&) {},
               },
               walk_.bias);
  }

  /// Sums slope [H, Q, C] along its diagonals. In rows of C + Q numbers, zeros behind the columns,
  /// a view whose row stride is one less has the entries of one distance below each other.
  void add_by_distance(const LogitBlock& block, const Tensor& slope) {
    const int64_t heads = slope.size(0), rows = slope.size(1);
    auto& gradient = input_gradients_[0];
    const int64_t recent = block.end - block.first, width = recent + rows;
    auto padded = torch::zeros({heads, rows, width});
    padded.slice(2, 0, recent).copy_(slope.slice(2, block.sinks));
    const auto diagonals =
        padded.as_strided({heads, rows, width - 1}, {rows * width, width - 1, 1}).sum(1);
    // Column n is at distance end - 1 - first - n; what lies behind is beyond the causal rule and
    // zero.
    gradient.slice(1, 0, recent).add_(diagonals.slice(1, 0, recent).flip(1));
    if (block.sinks > 0) {
      const auto distance =
          block.query_index.unsqueeze(1) - block.key_index.slice(0, 0, block.sinks);
      gradient.index_add_(1, distance.flatten(), slope.slice(2, 0, block.sinks).flatten(1));
    }
  }

  void add_through_pairs(const PairBias& kind, const LogitBlock& block, const Tensor& slope) {
    const torch::AutoGradMode with_graph(true);
    std::vector<size_t> needed;
    variable_list leaves;
    const auto inputs = detached_inputs(needed, leaves);
    const auto bias = kind.block(block, inputs);
    if (!bias.requires_grad()) return;
    const auto gradients =
        torch::autograd::grad({bias}, leaves, {summed_to(slope, bias.sizes())}, std::nullopt,
                              /*create_graph=*/false, /*allow_unused=*/true);
    add_input_gradients(needed, gradients, 0);
  }

  const Walk& walk_;
  const Tensor &queries_, &keys_, &values_;
  const variable_list& inputs_;
  std::optional<HankelVector> hankel_;
  Tensor query_gradient_, key_gradient_, value_gradient_;
  variable_list input_gradients_;
};

struct WalkFunction : torch::autograd::Function<WalkFunction> {
  static Tensor forward(AutogradContext* context, const Tensor& queries, const Tensor& keys,
                        const Tensor& values, at::TensorList inputs,
                        const c10::intrusive_ptr<Walk>& walk) {
    const bool by_hand =
        walk->dropout.probability > 0 || std::holds_alternative<LogitChange>(walk->bias);
    const auto hankel = make_hankel(*walk, queries, inputs);
    auto output = torch::empty_like(queries, queries.options(), torch::MemoryFormat::Contiguous);
    auto log_sum = torch::empty({queries.size(0), queries.size(1), queries.size(2)});
    for_each_block(*walk, queries.size(2), [&](const LogitBlock& block) {
      const auto result = (by_hand ? block_by_hand : fused_block)(
          *walk, block, block_rows(queries, block), block_columns(keys, 2, block),
          block_columns(values, 2, block), inputs, hankel);
      output.slice(2, block.begin, block.end).copy_(result.output.flip(2));
      log_sum.slice(2, block.begin, block.end).copy_(result.log_sum.flip(2));
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
    BlockBackward gradients(*walk, saved[0], saved[1], saved[2], inputs);
    for_each_block(*walk, saved[0].size(2), [&](const LogitBlock& block) {
      gradients.add(block, upstream[0], saved[3], saved[4]);
    });
    return gradients.gradients();
  }
};

/// A block that reads a tensor it does not list trains without it: one row tells.
void check_inputs_are_listed(const AttentionBias& bias, const std::vector<Tensor>& inputs,
                             const Tensor& queries) {
  const torch::AutoGradMode with_graph(true);
  variable_list detached;
  for (const Tensor& input : inputs) detached.push_back(input.detach());
  const LogitBlock block = make_block(0, 1, {});
  Tensor result;
  if (const auto* pair = std::get_if<PairBias>(&bias)) result = pair->block(block, detached);
  if (const auto* change = std::get_if<LogitChange>(&bias)) {
    const auto first = queries.detach().slice(2, 0, 1);
    result =
        change->block(torch::zeros({first.size(0), first.size(1), 1, 1}), first, block, detached);
  }
  TORCH_CHECK(!result.defined() || !result.requires_grad(),
              "a bias reads a tensor that needs gradients and is not among its inputs");
}

}  // namespace

Tensor walk_attention(const Tensor& queries, const Tensor& keys, const Tensor& values,
                      const AttentionBias& bias, double scale, const Visibility& visibility,
                      const AttentionDropout& dropout, int64_t rows_a_block) {
  const auto inputs = bias_inputs(bias);
  if (at::GradMode::is_enabled()) check_inputs_are_listed(bias, inputs, queries);
  auto walk = c10::make_intrusive<Walk>();
  walk->bias = bias;
  walk->scale = scale;
  walk->visibility = visibility;
  walk->dropout = dropout;
  walk->rows =
      rows_a_block > 0 ? std::min(rows_a_block, queries.size(2)) : choose_rows(queries, *walk);
  return WalkFunction::apply(queries, keys, values, at::TensorList(inputs), walk);
}

}  // namespace lengthwise
