#pragma once

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <map>
#include <string>

#include "model/attention_block.h"
#include "model/attention_kernels.h"
#include "position/options.h"
#include "position/registry.h"
#include "position/scheme.h"
#include "tensor_check.h"
#include "test.h"

namespace lengthwise {

/// A scheme's parameters in float64, by their names without "position.".
using Parameters = std::map<std::string, torch::Tensor>;
/// A bias [H, T, T] as its paper states it, from the positions [T] of queries and keys. Written in
/// each test for itself: a dense, slow float64 form that shares nothing with what it checks.
using DenseBias = std::function<torch::Tensor(const torch::Tensor& positions, const Parameters&)>;

constexpr ModelShape kSmallShape{.width = 24, .heads = 3, .layers = 2, .train_length = 16};
constexpr int64_t kLayer = 1;

inline std::shared_ptr<PositionScheme> scheme_named(const std::string& name,
                                                    PositionOptions options = {},
                                                    const ModelShape& shape = kSmallShape) {
  options.scheme = name;
  options.validate(shape);
  const auto scheme = make_scheme(options, shape);
  torch::manual_seed(11);
  scheme->reset_parameters();
  return scheme;
}

/// What a paper writes as i - j, 0 where the key lies ahead.  -> [T, T] float64
inline torch::Tensor pair_distances(const torch::Tensor& positions) {
  return (positions.unsqueeze(1) - positions.unsqueeze(0)).clamp_min(0);
}

inline Positions counted(int64_t length) {
  return {torch::arange(length, torch::kFloat64), 1.0, static_cast<double>(length)};
}

/// As if drawn: gaps of 1 to 9.
inline Positions uneven(int64_t length) {
  torch::manual_seed(5);
  const auto values = torch::randint(1, 10, {length}, torch::kFloat64).cumsum(0);
  return {values, std::nullopt, values[-1].item<double>() + 1};
}

/// The scheme's bias for a layer.
inline AttentionBias bias_of(const PositionScheme& scheme, const Positions& positions,
                             int64_t layer = kLayer) {
  const auto tables = scheme.tables(positions);
  return scheme.attention_bias(
      {.layer = layer, .positions = positions, .tables = tables, .hidden = {}});
}

struct AttentionInputs {
  torch::Tensor queries, keys, values, cotangent;  // [2, H, T, 8]
};

inline AttentionInputs random_attention_inputs(int64_t length, torch::ScalarType type) {
  torch::manual_seed(static_cast<uint64_t>(length));
  const auto draw = [&] { return torch::randn({2, kSmallShape.heads, length, 8}).to(type); };
  return {draw().requires_grad_(), draw().requires_grad_(), draw().requires_grad_(), draw()};
}

inline torch::Tensor dense_attention(const AttentionInputs& inputs, const torch::Tensor& bias) {
  const int64_t length = inputs.queries.size(2);
  auto logits = torch::matmul(inputs.queries, inputs.keys.transpose(2, 3)) / std::sqrt(8.0) + bias;
  const auto ahead = torch::ones({length, length}, torch::kBool).triu(1);
  logits = logits.masked_fill(ahead, -std::numeric_limits<double>::infinity());
  return torch::matmul(torch::softmax(logits, -1), inputs.values);
}

inline Parameters dense_parameters(const PositionScheme& scheme) {
  Parameters parameters;
  for (const auto& item : scheme.named_parameters()) {
    parameters[item.key()] = item.value().detach().to(torch::kFloat64).requires_grad_();
  }
  return parameters;
}

/// The difference as a part of the largest number expected, or of 1: products of cotangents and
/// values are of size 3 and lose some 10^-6 in float32, also where their sums cancel.
inline double relative_difference(const torch::Tensor& actual, const torch::Tensor& expected) {
  const double largest = expected.detach().abs().max().item<double>();
  return largest_difference(actual, expected) / std::max(largest, 1.0);
}

/// Output and gradients of q, k, v and all parameters of kLayer, against the dense form.
inline void check_against_dense(PositionScheme& scheme, const DenseBias& dense,
                                const Positions& positions, int64_t rows_a_block,
                                double tolerance) {
  const int64_t length = positions.values.size(0);
  CAPTURE(length, rows_a_block, positions.step.has_value());
  scheme.zero_grad();
  const auto inputs = random_attention_inputs(length, torch::kFloat32);
  const auto bias = bias_of(scheme, positions);
  const auto output = rows_a_block == 0
                          ? causal_attention(inputs.queries, inputs.keys, inputs.values, bias)
                          : walk_attention(inputs.queries, inputs.keys, inputs.values, bias,
                                           1 / std::sqrt(8.0), {}, {}, rows_a_block);
  output.backward(inputs.cotangent);

  const auto inputs64 = random_attention_inputs(length, torch::kFloat64);
  const auto parameters = dense_parameters(scheme);
  const auto output64 = dense_attention(inputs64, dense(positions.values, parameters));
  output64.backward(inputs64.cotangent);

  CHECK(relative_difference(output, output64) < tolerance);
  CHECK(relative_difference(inputs.queries.grad(), inputs64.queries.grad()) < tolerance);
  CHECK(relative_difference(inputs.keys.grad(), inputs64.keys.grad()) < tolerance);
  CHECK(relative_difference(inputs.values.grad(), inputs64.values.grad()) < tolerance);
  for (const auto& item : scheme.named_parameters()) {
    CAPTURE(item.key());
    const auto expected = parameters.at(item.key()).grad();
    REQUIRE(item.value().grad().defined() == expected.defined());
    if (expected.defined()) {
      CHECK(relative_difference(item.value().grad(), expected) < tolerance);
    }
  }
}

/// In one block and in many, at positions counted and uneven.
inline void check_everywhere(PositionScheme& scheme, const DenseBias& dense,
                             double tolerance = 5e-6) {
  for (int64_t length : {1, 2, 37, 100}) {
    for (int64_t rows_a_block : {0, 16}) {
      check_against_dense(scheme, dense, counted(length), rows_a_block, tolerance);
      check_against_dense(scheme, dense, uneven(length), rows_a_block, tolerance);
    }
  }
}

/// Along its gradient by the scheme, each parameter changes the dense loss by the gradient's
/// length.
inline void check_finite_differences(PositionScheme& scheme, const DenseBias& dense) {
  const auto positions = counted(40);
  const auto inputs = random_attention_inputs(40, torch::kFloat32);
  scheme.zero_grad();
  causal_attention(inputs.queries, inputs.keys, inputs.values, bias_of(scheme, positions))
      .backward(inputs.cotangent);

  const torch::NoGradGuard no_grad;
  const auto inputs64 = random_attention_inputs(40, torch::kFloat64);
  for (const auto& item : scheme.named_parameters()) {
    CAPTURE(item.key());
    if (!item.value().grad().defined()) continue;
    const auto gradient = item.value().grad().to(torch::kFloat64);
    const double slope = gradient.norm().item<double>();
    REQUIRE(slope > 1e-3);
    const auto loss_at = [&](double step) {
      Parameters moved = dense_parameters(scheme);
      moved.at(item.key()).add_(gradient, step / slope);
      const auto output = dense_attention(inputs64, dense(positions.values, moved));
      return (output * inputs64.cotangent).sum().item<double>();
    };
    constexpr double kStep = 1e-5;
    CHECK((loss_at(kStep) - loss_at(-kStep)) / (2 * kStep) == Approx(slope).epsilon(1e-4));
  }
}

/// Queries, keys and values from `place` on move no output before it, nor is anything not finite.
inline void check_no_leak(const PositionScheme& scheme) {
  const torch::NoGradGuard no_grad;
  for (const Positions& positions : {counted(70), uneven(70)}) {
    const auto inputs = random_attention_inputs(70, torch::kFloat32);
    const auto attend = [&] {
      return walk_attention(inputs.queries, inputs.keys, inputs.values, bias_of(scheme, positions),
                            1, {}, {}, 16);
    };
    const auto before = attend();
    CHECK(before.isfinite().all().item<bool>());
    constexpr int64_t kPlace = 41;
    for (const auto& tensor : {inputs.queries, inputs.keys, inputs.values}) {
      tensor.slice(2, kPlace).normal_(0, 100);
    }
    const auto after = attend();
    CHECK(torch::equal(after.slice(2, 0, kPlace), before.slice(2, 0, kPlace)));
    CHECK_FALSE(torch::equal(after.slice(2, kPlace), before.slice(2, kPlace)));
  }
}

}  // namespace lengthwise
