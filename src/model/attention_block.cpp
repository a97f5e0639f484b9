#include "model/attention_block.h"

#include <ATen/CPUGeneratorImpl.h>

#include <algorithm>
#include <limits>

#include "base/random.h"

namespace lengthwise {
namespace {

using torch::Tensor;

constexpr float kMinusInfinity = -std::numeric_limits<float>::infinity();

/// SplitMix64's mixing of each place's number: a device's own generator takes no seed a call.
Tensor kept_by_hash(uint64_t seed, double probability, torch::Device device,
                    at::IntArrayRef sizes) {
  const auto as_signed = [](uint64_t bits) { return static_cast<int64_t>(bits); };
  auto z = torch::arange(c10::multiply_integers(sizes),
                         torch::TensorOptions(torch::kInt64).device(device));
  z.mul_(as_signed(0x9e3779b97f4a7c15ull)).add_(as_signed(seed));
  const auto mix = [&](int64_t shift, uint64_t factor) {
    // The shift keeps the sign, which is no part of the number here.
    const auto high = z.bitwise_right_shift(shift).bitwise_and_((int64_t{1} << (64 - shift)) - 1);
    z.bitwise_xor_(high).mul_(as_signed(factor));
  };
  mix(30, 0xbf58476d1ce4e5b9ull);
  mix(27, 0x94d049bb133111ebull);
  const auto threshold = static_cast<int64_t>(probability * 65536) - 32768;
  return z.bitwise_right_shift_(48).ge(threshold).view(sizes);
}

}  // namespace

LogitBlock make_block(int64_t begin, int64_t end, const Visibility& visibility,
                      torch::Device device) {
  const auto whole = torch::TensorOptions(torch::kInt64).device(device);
  LogitBlock block{begin, end, 0, 0, {}, {}, visibility};
  block.query_index = torch::arange(end - 1, begin - 1, -1, whole);
  if (visibility.window > 0) {
    block.first = std::max<int64_t>(0, begin - visibility.window + 1);
    block.sinks = std::min(visibility.sinks, block.first);
  }
  block.key_index = torch::arange(block.first, end, whole);
  if (block.sinks > 0) {
    block.key_index = torch::cat({torch::arange(block.sinks, whole), block.key_index});
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

torch::Tensor block_rows(const torch::Tensor& all, const LogitBlock& block, int64_t offset) {
  return all.slice(2, block.begin - offset, block.end - offset).flip(2);
}

HankelVector::HankelVector(const torch::Tensor& value, int64_t rows, const Visibility& visibility)
    : length_(value.size(1)) {
  auto distances = value.flip(1);
  if (visibility.window > 0 && visibility.window < length_) {
    distances.slice(1, 0, length_ - visibility.window).fill_(kMinusInfinity);
  }
  falling_ = torch::cat(
      {distances, torch::full({value.size(0), rows}, kMinusInfinity, value.options())}, 1);
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

std::vector<Tensor> Walk::all_inputs() {
  auto all = bias_inputs(bias);
  product_begin = all.size();
  if (parts.product) {
    all.insert(all.end(), parts.product->inputs.begin(), parts.product->inputs.end());
  }
  sink_begin = all.size();
  if (parts.sink_logit.defined()) all.push_back(parts.sink_logit);
  return all;
}

BlockBias::BlockBias(const Walk& walk, const Tensor& keys, int64_t rows, at::TensorList inputs)
    : walk_(walk),
      heads_(keys.size(1)),
      float32_(keys.options().dtype(torch::kFloat32)),
      inputs_(inputs) {
  if (std::holds_alternative<DistanceBias>(walk.bias)) {
    hankel_.emplace(inputs[0].detach(), rows, walk.visibility);
  } else if (std::holds_alternative<NoBias>(walk.bias)) {
    hankel_.emplace(torch::zeros({heads_, keys.size(2)}, float32_), rows, walk.visibility);
  }
}

Tensor BlockBias::mask(const LogitBlock& block, int64_t batch) const {
  if (hankel_ && HankelVector::fits(block, walk_.visibility)) return hankel_->mask(block);
  const int64_t rows = block.end - block.begin;
  const auto bias = values(block);
  auto mask = bias.defined() ? bias.expand({-1, -1, rows, -1}).clone()
                             : torch::zeros({1, heads_, rows, block.key_index.size(0)}, float32_);
  hide(mask, block, kMinusInfinity);
  return mask.expand({batch, -1, -1, -1});
}

Tensor BlockBias::products(const LogitBlock& block, const Tensor& queries,
                           const Tensor& keys) const {
  if (!walk_.parts.product) return product(queries, keys.transpose(2, 3)).mul_(walk_.scale);
  return walk_.parts.product->block(queries.to(torch::kFloat32), block, walk_.of_product(inputs_)) *
         walk_.scale;
}

Tensor BlockBias::logits(const LogitBlock& block, Tensor logits, const Tensor& queries) const {
  if (const auto* change = std::get_if<LogitChange>(&walk_.bias)) {
    return change->block(logits, queries.to(torch::kFloat32), block, walk_.of_bias(inputs_));
  }
  if (hankel_ && HankelVector::fits(block, walk_.visibility))
    return logits.add_(hankel_->mask(block));
  const auto bias = values(block);
  return bias.defined() ? logits.add_(bias) : logits;
}

Tensor BlockBias::origin(const LogitBlock& block) const {
  return inputs_[0].slice(2, block.begin, block.begin + 1);
}

Tensor BlockBias::sink(const LogitBlock& block) const {
  if (!walk_.parts.sink_logit.defined()) return {};
  const auto logit = inputs_[walk_.sink_begin].detach().to(torch::kFloat32).view({1, -1, 1});
  if (!std::holds_alternative<KeyBias>(walk_.bias)) return logit;
  const auto own = inputs_[0].detach().slice(2, block.begin, block.end).flip(2);
  return logit + (own - origin(block).detach()).to(torch::kFloat32);
}

Tensor BlockBias::values(const LogitBlock& block) const {
  return std::visit(
      Overloaded{
          [&](const DistanceBias&) {
            const auto distance = (block.query_index.unsqueeze(1) - block.key_index).clamp_min(0);
            return inputs_[0]
                .index_select(1, distance.flatten())
                .view({1, heads_, distance.size(0), distance.size(1)});
          },
          [&](const KeyBias&) {
            const auto relative =
                (block_columns(inputs_[0], 2, block) - origin(block)).to(torch::kFloat32);
            return relative.unsqueeze(2).expand({-1, -1, block.end - block.begin, -1});
          },
          [&](const PairBias& kind) { return kind.block(block, walk_.of_bias(inputs_)); },
          [](const auto&) { return Tensor(); },
      },
      walk_.bias);
}

void hide(Tensor& logits, const LogitBlock& block, double with) {
  // Without a window the unseen are a triangle in the last columns.
  const int64_t rows = block.end - block.begin;
  const int64_t first = block.visibility.window > 0 ? 0 : logits.size(3) - rows;
  logits.slice(3, first).masked_fill_(block.visible(first).logical_not_(), with);
}

Tensor product(const Tensor& a, const Tensor& b) {
  return torch::matmul(a, b.to(a.scalar_type())).to(torch::kFloat32);
}

Tensor keep_mask(const AttentionDropout& dropout, const LogitBlock& block, at::IntArrayRef sizes) {
  const uint64_t seed = split_stream(dropout.seed, static_cast<uint64_t>(block.begin)).next();
  const auto device = block.query_index.device();
  if (!device.is_cpu()) return kept_by_hash(seed, dropout.probability, device, sizes);
  // Four 16-bit numbers a draw: a third of the time of bernoulli_, and a rate good to 2^-16.
  const auto generator = at::make_generator<at::CPUGeneratorImpl>(seed);
  const int64_t count = c10::multiply_integers(sizes);
  auto draws = torch::empty({(count + 3) / 4}, torch::kInt64);
  draws.random_(std::numeric_limits<int64_t>::min(), std::nullopt, generator);
  const auto threshold = static_cast<int64_t>(dropout.probability * 65536) - 32768;
  return draws.view(torch::kInt16).slice(0, 0, count).ge(threshold).view(sizes);
}

}  // namespace lengthwise
