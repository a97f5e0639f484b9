#include "position/wall.h"

#include <algorithm>

#include "base/options.h"
#include "position/heads.h"
#include "position/layer_parameters.h"
#include "position/options.h"
#include "position/scheme.h"
#include "position/scheme_entry.h"

namespace lengthwise {
namespace {

using torch::Tensor;

constexpr int64_t kSubBlock = 16;

/// What a block is handed, [B, H, T, K] each: keys float32, running sums float64.
enum Input { kKeys, kSums };

Tensor shrunk(const Tensor& x, const Tensor& logarithms) {
  return x * logarithms.to(torch::kFloat32).exp();
}

/// Queries against keys that all stand before them, both relative to the last key's place.
Tensor with_earlier(const Tensor& queries, const Tensor& query_sums, const Tensor& keys,
                    const Tensor& key_sums, const Tensor& anchor) {
  return torch::matmul(shrunk(queries, query_sums - anchor),
                       shrunk(keys, anchor - key_sums).transpose(2, 3));
}

/// Queries against the keys of their own places, one pair at a time; what lies ahead is finite.
Tensor with_own(const Tensor& queries, const Tensor& keys, const Tensor& sums) {
  const auto between = (sums.unsqueeze(3) - sums.unsqueeze(2)).clamp_max(0);
  return shrunk(queries.unsqueeze(3) * keys.unsqueeze(2), between).sum(4);
}

/// queries [B, H, Q, K] from the last to the first.
Tensor walled(const Tensor& queries, const LogitBlock& block, at::TensorList inputs) {
  const int64_t count = block.end - block.begin;
  const auto rising = queries.flip(2);
  const auto sums = inputs[kSums].slice(2, block.begin, block.end);
  const auto keys = inputs[kKeys].slice(2, block.begin, block.end);
  std::vector<Tensor> rows;
  for (int64_t from = 0; from < count; from += kSubBlock) {
    const int64_t to = std::min(count, from + kSubBlock);
    const auto own = rising.slice(2, from, to), own_sums = sums.slice(2, from, to);
    std::vector<Tensor> parts{with_own(own, keys.slice(2, from, to), own_sums)};
    if (from > 0) {
      parts.insert(parts.begin(),
                   with_earlier(own, own_sums, keys.slice(2, 0, from), sums.slice(2, 0, from),
                                sums.slice(2, from - 1, from)));
    }
    rows.push_back(at::constant_pad_nd(torch::cat(parts, 3), {0, count - to}, 0));
  }
  auto products = torch::cat(rows, 2);
  const auto before = block.key_index.slice(0, 0, block.key_index.size(0) - count);
  if (before.size(0) > 0) {
    const auto far = with_earlier(rising, sums, inputs[kKeys].index_select(2, before),
                                  inputs[kSums].index_select(2, before),
                                  inputs[kSums].slice(2, block.begin - 1, block.begin));
    products = torch::cat({far, products}, 3);
  }
  return products.flip(2);
}

class Wall final : public PositionScheme {
 public:
  Wall(const WallOptions& options, const ModelShape& shape)
      : heads_(shape.heads), gate_(options.gate) {
    const int64_t channels = shape.heads * shape.head_width();
    weights_ = register_layer_parameters(*this, shape.layers, "weight", {channels, shape.width});
    biases_ = register_layer_parameters(*this, shape.layers, "bias", {channels});
  }

  void reset_parameters() override {
    const torch::NoGradGuard no_grad;
    for (Tensor& weight : weights_) weight.normal_(0, 0.02);
    for (Tensor& bias : biases_) bias.fill_(gate_);
  }

  std::optional<PairProduct> pair_product(const LayerContext& context) const override {
    const auto layer = static_cast<size_t>(context.layer);
    const auto gates = -at::softplus(
        -torch::linear(context.hidden.to(torch::kFloat32), weights_.at(layer), biases_.at(layer)));
    const auto sums = gates.cumsum(1, torch::kFloat64).unflatten(2, {heads_, -1}).transpose(1, 2);
    return PairProduct{{for_each_head(context.keys.to(torch::kFloat32), heads_), sums},
                       walled,
                       /*floats_per_logit=*/4};
  }

 private:
  int64_t heads_;
  double gate_;
  std::vector<Tensor> weights_, biases_;  // a layer: [H K, D], [H K]
};

std::shared_ptr<PositionScheme> make_wall(const PositionOptions& options, const ModelShape& shape) {
  return std::make_shared<Wall>(options.group<WallOptions>(), shape);
}

}  // namespace

constinit const SchemeEntry kWall{
    .name = "wall",
    .aliases = {"wall_attention"},
    .summary = "each channel of queries and keys fades by gates over the tokens between",
    .paper = "Tilde 2026, fla layers/wall_attn",
    .groups = {make_group<WallOptions>},
    .learned = true,
    .options_begin_training = true,
    .has_kinks = true,  // none, but slopes that begin below what a float32 loss resolves
    .make = make_wall,
};

void WallOptions::declare(OptionSet& options) {
  options.add("position.wall.gate", gate,
              "wall: where the gates' biases begin; a gate keeps sigmoid of it a token",
              AtLeast{-20.0});
}

}  // namespace lengthwise
