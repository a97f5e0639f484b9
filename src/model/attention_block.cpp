#include "model/attention_block.h"

#include <algorithm>
#include <limits>

namespace lengthwise {
namespace {

using torch::Tensor;

constexpr float kMinusInfinity = -std::numeric_limits<float>::infinity();

}  // namespace

LogitBlock make_block(int64_t begin, int64_t end, const Visibility& visibility) {
  LogitBlock block{begin, end, 0, 0, {}, {}, {}};
  block.query_index = torch::arange(end - 1, begin - 1, -1, torch::kInt64);
  if (visibility.window > 0) {
    block.first = std::max<int64_t>(0, begin - visibility.window + 1);
    block.sinks = std::min(visibility.sinks, block.first);
  }
  block.key_index = torch::arange(block.first, end, torch::kInt64);
  if (block.sinks > 0) {
    block.key_index = torch::cat({torch::arange(block.sinks, torch::kInt64), block.key_index});
  }
  const auto distance = block.query_index.unsqueeze(1) - block.key_index;
  block.visible = distance.ge(0);
  if (visibility.window > 0) {
    block.visible.logical_and_(
        distance.lt(visibility.window).logical_or_(block.key_index.lt(visibility.sinks)));
  }
  return block;
}

torch::Tensor block_columns(const torch::Tensor& all, int64_t dim, const LogitBlock& block) {
  const auto recent = all.slice(dim, block.first, block.end);
  return block.sinks == 0 ? recent : torch::cat({all.slice(dim, 0, block.sinks), recent}, dim);
}

void add_block_columns(torch::Tensor& all, int64_t dim, const LogitBlock& block,
                       const torch::Tensor& part) {
  all.slice(dim, block.first, block.end).add_(part.slice(dim, block.sinks));
  if (block.sinks > 0) all.slice(dim, 0, block.sinks).add_(part.slice(dim, 0, block.sinks));
}

torch::Tensor block_rows(const torch::Tensor& all, const LogitBlock& block) {
  return all.slice(2, block.begin, block.end).flip(2);
}

HankelVector::HankelVector(const torch::Tensor& value, int64_t rows, const Visibility& visibility)
    : length_(value.size(1)) {
  auto distances = value.flip(1);
  if (visibility.window > 0 && visibility.window < length_) {
    distances.slice(1, 0, length_ - visibility.window).fill_(kMinusInfinity);
  }
  falling_ = torch::cat({distances, torch::full({value.size(0), rows}, kMinusInfinity)}, 1);
}

bool HankelVector::fits(const LogitBlock& block, const Visibility& visibility) {
  return visibility.sinks == 0 || visibility.window == 0 || block.end <= visibility.window;
}

torch::Tensor HankelVector::mask(const LogitBlock& block) const {
  const int64_t offset = length_ - block.end + block.first;
  return falling_.as_strided(
      {1, falling_.size(0), block.end - block.begin, block.end - block.first},
      {falling_.numel(), falling_.stride(0), 1, 1}, offset);
}

std::vector<Tensor> bias_inputs(const AttentionBias& bias) {
  return std::visit(Overloaded{
                        [](const NoBias&) { return std::vector<Tensor>(); },
                        [](const DistanceBias& kind) { return std::vector<Tensor>{kind.value}; },
                        [](const KeyBias& kind) { return std::vector<Tensor>{kind.value}; },
                        [](const auto& kind) { return kind.inputs; },
                    },
                    bias);
}

Tensor block_bias(const AttentionBias& bias, const LogitBlock& block, at::TensorList inputs) {
  return std::visit(
      Overloaded{
          [&](const DistanceBias&) {
            const auto distance = (block.query_index.unsqueeze(1) - block.key_index).clamp_min(0);
            return inputs[0]
                .index_select(1, distance.flatten())
                .view({1, inputs[0].size(0), distance.size(0), distance.size(1)});
          },
          [&](const KeyBias&) {
            // In float64 relative to the block's first row, and only then rounded: a later origin
            // would leak through the rounding.
            const auto origin = inputs[0].slice(2, block.begin, block.begin + 1);
            const auto relative = (block_columns(inputs[0], 2, block) - origin).to(torch::kFloat32);
            return relative.unsqueeze(2).expand({-1, -1, block.end - block.begin, -1});
          },
          [&](const PairBias& kind) { return kind.block(block, inputs); },
          [](const auto&) { return Tensor(); },
      },
      bias);
}

}  // namespace lengthwise
