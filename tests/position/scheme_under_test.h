#pragma once

#include <algorithm>
#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include "model/attention_kernels.h"
#include "position/options.h"
#include "position/registry.h"
#include "position/scheme.h"

namespace lengthwise {

constexpr ModelShape kSmallShape{.width = 24, .heads = 3, .layers = 2, .train_length = 16};
constexpr ModelShape kNarrowShape{.width = 12, .heads = 3, .layers = 2, .train_length = 16};
constexpr int64_t kLayer = 1;

inline Positions counted(int64_t length) {
  return {torch::arange(length, torch::kFloat64), 1.0, static_cast<double>(length)};
}

/// As if drawn: gaps of 1 to 9.
inline Positions uneven(int64_t length) {
  torch::manual_seed(5);
  const auto values = torch::randint(1, 10, {length}, torch::kFloat64).cumsum(0);
  return {values, std::nullopt, values[-1].item<double>() + 1};
}

/// All that a scheme in a layer may depend on, and what attention mixes.
struct SchemeInputs {
  torch::Tensor queries, keys, values;  // [B, H, T, K]
  torch::Tensor hidden;                 // [B, T, D]
};

inline SchemeInputs random_inputs(const ModelShape& shape, int64_t batch, int64_t length) {
  torch::manual_seed(static_cast<uint64_t>(10 * length + batch));
  const auto heads = [&] { return torch::randn({batch, shape.heads, length, shape.head_width()}); };
  return {heads(), heads(), heads(), torch::randn({batch, length, shape.width})};
}

/// A scheme's bias for a layer.
inline AttentionBias bias_of(const PositionScheme& scheme, const Positions& positions,
                             int64_t layer = kLayer, const torch::Tensor& hidden = {}) {
  const auto tables = scheme.tables(positions);
  return scheme.attention_bias(
      {.layer = layer, .positions = positions, .tables = tables, .hidden = hidden});
}

/// A scheme in a layer of a model of this shape, asked as the layer asks it.
struct SchemeUnderTest {
  std::shared_ptr<PositionScheme> scheme;
  ModelShape shape = kSmallShape;
  int64_t layer = kLayer;

  PositionScheme& operator*() const { return *scheme; }
  PositionScheme* operator->() const { return scheme.get(); }

  /// rows_a_block 0: by the way that attention chooses.
  torch::Tensor attend(const SchemeInputs& inputs, const Positions& positions,
                       const Visibility& visibility = {}, int64_t rows_a_block = 0) const {
    const auto tables = scheme->tables(positions);
    const LayerContext context{.layer = layer,
                               .positions = positions,
                               .tables = tables,
                               .hidden = inputs.hidden,
                               .visibility = visibility};
    const auto [queries, keys, bias, parts] =
        attention_inputs(*scheme, {inputs.queries, inputs.keys}, context);
    if (rows_a_block == 0) {
      return causal_attention(queries, keys, inputs.values, bias, {visibility, {}, 0, parts});
    }
    return walk_attention(queries, keys, inputs.values, bias,
                          1 / std::sqrt(static_cast<double>(shape.head_width())), visibility, {},
                          rows_a_block, parts);
  }
  /// At the places of a whole window.
  torch::Tensor attend(const SchemeInputs& inputs) const {
    return attend(inputs, scheme->positions(inputs.queries.size(2), 0));
  }
  AttentionBias bias(const torch::Tensor& hidden) const {
    return bias_of(*scheme, scheme->positions(hidden.size(1), 0), layer, hidden);
  }

  /// Those of the layer, in the order of their names.
  std::vector<torch::Tensor> parameters() const {
    std::vector<torch::Tensor> found;
    for (const auto& item : scheme->named_parameters()) {
      if (item.key().find("layers." + std::to_string(layer) + ".") != std::string::npos) {
        found.push_back(item.value());
      }
    }
    return found;
  }
};

/// With parameters as training begins with them.
inline SchemeUnderTest scheme_named(const std::string& name, PositionOptions options = {},
                                    const ModelShape& shape = kSmallShape) {
  options.scheme = name;
  options.validate(shape);
  SchemeUnderTest test{make_scheme(options, shape), shape, std::min(kLayer, shape.layers - 1)};
  torch::manual_seed(11);
  test->reset_parameters();
  return test;
}

/// In a narrow model, its parameters drawn from N(0, 0.5): none is zero, as some begin.
inline SchemeUnderTest drawn_scheme(const PositionOptions& options) {
  const auto test = scheme_named(options.scheme, options, kNarrowShape);
  torch::manual_seed(3);
  const torch::NoGradGuard no_grad;
  for (torch::Tensor& parameter : test->parameters()) parameter.normal_(0, 0.5);
  return test;
}

}  // namespace lengthwise
