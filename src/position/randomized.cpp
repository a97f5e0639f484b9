#include "position/randomized.h"

#include <algorithm>

#include "base/error.h"
#include "base/options.h"
#include "base/random.h"
#include "position/options.h"
#include "position/registry.h"
#include "position/scheme.h"
#include "position/scheme_entry.h"

namespace lengthwise {
namespace {

/// Sets the draw apart from other uses of the same `draw`.
constexpr uint64_t kPositionsStream = 0x706f736974696f6e;  // "position"

std::string_view scheme_inside(const PositionOptions& options) {
  return options.group<RandomizedOptions>().scheme;
}

PositionOptions inner_options(const PositionOptions& options) {
  return options.with_scheme(scheme_inside(options));
}

ModelShape inner_shape(const PositionOptions& options, const ModelShape& shape) {
  ModelShape inner = shape;
  inner.train_length = options.group<RandomizedOptions>().range;
  return inner;
}

class Randomized final : public PositionScheme {
 public:
  Randomized(std::shared_ptr<PositionScheme> inner, int64_t range)
      : inner_(std::move(inner)), range_(range) {
    // Not as a child: its parameters are named as if it stood alone.
    for (const auto& item : inner_->named_parameters(/*recurse=*/false)) {
      register_parameter(item.key(), item.value(), item.value().requires_grad());
    }
    for (const auto& item : inner_->named_buffers(/*recurse=*/false)) {
      register_buffer(item.key(), item.value());
    }
    for (const auto& item : inner_->named_children()) register_module(item.key(), item.value());
  }

  Positions positions(int64_t length, uint64_t draw, torch::Device device) const override {
    TORCH_CHECK(length <= range_, "randomized positions are ", range_, ", asked for ", length);
    const auto drawn = torch::tensor(draw_positions(length, range_, draw), torch::kInt64);
    const auto values = inner_->positions(range_, draw).values.index_select(0, drawn);
    return {values.to(device), std::nullopt, values[-1].item<double>() + 1};
  }

  bool draws_positions() const override { return true; }

  std::vector<torch::Tensor> tables(const Positions& positions) const override {
    return inner_->tables(positions);
  }

  torch::Tensor apply_to_embeddings(torch::Tensor embeddings,
                                    const Positions& positions) const override {
    return inner_->apply_to_embeddings(std::move(embeddings), positions);
  }

  QueriesKeys apply_to_queries_keys(QueriesKeys pair, const LayerContext& context) const override {
    return inner_->apply_to_queries_keys(std::move(pair), context);
  }

  AttentionBias attention_bias(const LayerContext& context) const override {
    return inner_->attention_bias(context);
  }

  std::optional<PairProduct> pair_product(const LayerContext& context) const override {
    return inner_->pair_product(context);
  }

  std::optional<int64_t> max_length() const override {
    return std::min(range_, inner_->max_length().value_or(range_));
  }

  void reset_parameters() override { inner_->reset_parameters(); }

 private:
  std::shared_ptr<PositionScheme> inner_;
  int64_t range_;
};

void validate_randomized(const PositionOptions& options, const ModelShape& shape) {
  if (options.group<RandomizedOptions>().range < shape.train_length) {
    fail(
        "position.randomized.range: {} positions cannot hold a window of model.train_length {}; "
        "take the longest length to be evaluated",
        options.group<RandomizedOptions>().range, shape.train_length);
  }
  const PositionOptions inner = inner_options(options);
  const ModelShape as_if = inner_shape(options, shape);
  const SchemeEntry& entry = scheme_entry(inner.scheme);
  if (entry.validate) entry.validate(inner, as_if);
  const auto limit = make_scheme(inner, as_if)->max_length();
  if (limit && *limit < as_if.train_length) {
    fail("position.randomized.range: {} is beyond the {} positions that {} reaches inside it",
         as_if.train_length, *limit, inner.scheme);
  }
}

std::shared_ptr<PositionScheme> make_randomized(const PositionOptions& options,
                                                const ModelShape& shape) {
  return std::make_shared<Randomized>(
      make_scheme(inner_options(options), inner_shape(options, shape)),
      options.group<RandomizedOptions>().range);
}

}  // namespace

constinit const SchemeEntry kRandomized{
    .name = "randomized",
    .aliases = {"random", "randomised", "randomized_positions", "rand_pe", "randpos"},
    .summary = "another scheme at positions drawn from a longer range",
    .paper = "Ruoss et al. 2023, 2305.16843",
    .length = "range",
    .groups = {make_group<RandomizedOptions>},
    .inside = scheme_inside,
    .draws_positions = true,
    .make = make_randomized,
    .validate = validate_randomized,
};

void RandomizedOptions::declare(OptionSet& options) {
  options.add("position.randomized.scheme", scheme,
              "randomized: the scheme that works at the positions drawn",
              scheme_choice("randomized"));
  options.add("position.randomized.range", range,
              "randomized: positions are drawn from 0 ... range - 1; no window can be longer",
              AtLeast{1});
}

std::vector<int64_t> draw_positions(int64_t length, int64_t range, uint64_t draw) {
  // Selection sampling (Knuth, The Art of Computer Programming 2, 3.4.2, algorithm S).
  SplitMix64 stream = split_stream(draw, kPositionsStream);
  std::vector<int64_t> drawn;
  drawn.reserve(static_cast<size_t>(length));
  for (int64_t position = 0; std::ssize(drawn) < length; ++position) {
    const auto left = static_cast<uint64_t>(range - position);
    const auto wanted = static_cast<uint64_t>(length - std::ssize(drawn));
    if (stream.below(left) < wanted) drawn.push_back(position);
  }
  return drawn;
}

}  // namespace lengthwise
