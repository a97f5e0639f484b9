#pragma once

#include <cmath>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "model/attention_kernels.h"
#include "position/options.h"
#include "position/registry.h"
#include "position/scheme.h"
#include "tensor_check.h"

namespace lengthwise::scheme_test {

/// Everything a scheme that learns from queries, keys or the layer's input depends on.
struct SchemeInputs {
  torch::Tensor queries, keys, values, hidden;  // [B, H, T, K] and [B, T, D]
};

/// A paper's formula in float64, [T, T] at once: the logits [B, H, T, T] of scaled q k' (`logits`),
/// the inputs, what each query sees [T, T], and the scheme's parameters in the order of their
/// names.
using DenseLogits = std::function<torch::Tensor(const torch::Tensor& logits, const SchemeInputs&,
                                                const torch::Tensor& visible,
                                                const std::vector<torch::Tensor>& parameters)>;

/// A scheme in a model of 3 heads of width 4 and 2 layers, its parameters drawn from N(0, 0.5).
struct SchemeUnderTest {
  static constexpr int64_t kHeads = 3, kHeadWidth = 4, kLayers = 2, kLayer = 1;

  explicit SchemeUnderTest(const PositionOptions& options)
      : scheme(make_scheme(options, {.width = kHeads * kHeadWidth,
                                     .heads = kHeads,
                                     .layers = kLayers,
                                     .train_length = 16})) {
    torch::manual_seed(3);
    const torch::NoGradGuard no_grad;
    for (torch::Tensor& parameter : scheme->parameters()) parameter.normal_(0, 0.5);
  }

  AttentionBias bias(const torch::Tensor& hidden, int64_t layer = kLayer) const {
    const auto positions = scheme->positions(hidden.size(1), 0);
    const auto tables = scheme->tables(positions);
    return scheme->attention_bias(
        {.layer = layer, .positions = positions, .tables = tables, .hidden = hidden});
  }

  torch::Tensor attend(const SchemeInputs& inputs, const Visibility& visibility = {},
                       int64_t rows_a_block = 0) const {
    const auto layer_bias = bias(inputs.hidden);
    if (rows_a_block == 0) {
      return causal_attention(inputs.queries, inputs.keys, inputs.values, layer_bias,
                              {visibility, {}, 0});
    }
    return walk_attention(inputs.queries, inputs.keys, inputs.values, layer_bias,
                          1 / std::sqrt(static_cast<double>(kHeadWidth)), visibility, {},
                          rows_a_block);
  }

  /// The parameters of the layer under test, or of the other one.
  std::vector<torch::Tensor> parameters(bool of_layer = true) const {
    std::vector<torch::Tensor> found;
    for (const auto& item : scheme->named_parameters()) {
      if ((item.key().find("layers.1.") != std::string::npos) == of_layer)
        found.push_back(item.value());
    }
    return found;
  }

  std::shared_ptr<PositionScheme> scheme;
};

inline SchemeInputs random_inputs(int64_t batch, int64_t length) {
  using Test = SchemeUnderTest;
  torch::manual_seed(static_cast<uint64_t>(10 * length + batch));
  const std::vector<int64_t> shape = {batch, Test::kHeads, length, Test::kHeadWidth};
  return {torch::randn(shape), torch::randn(shape), torch::randn(shape),
          torch::randn({batch, length, Test::kHeads * Test::kHeadWidth})};
}

inline std::vector<torch::Tensor> leaves(const std::vector<torch::Tensor>& tensors,
                                         torch::ScalarType type) {
  std::vector<torch::Tensor> copies;
  for (const auto& each : tensors) {
    copies.push_back(each.detach().to(type).clone().requires_grad_());
  }
  return copies;
}

inline double relative_difference(const torch::Tensor& actual, const torch::Tensor& expected) {
  const double size = expected.detach().abs().max().item<double>();
  return largest_difference(actual, expected) / std::max(size, 1e-3);
}

/// [T, T]: which keys (columns) a query sees.
inline torch::Tensor visible_keys(int64_t length, const Visibility& visibility) {
  const auto places = torch::arange(length);
  const auto distance = places.unsqueeze(1) - places;
  auto near = torch::ones({length, length}, torch::kBool);
  if (visibility.window > 0) near = (distance < visibility.window) | (places < visibility.sinks);
  return (distance >= 0) & near;
}

inline torch::Tensor dense_attention(const DenseLogits& logits_of, const SchemeInputs& inputs,
                                     const Visibility& visibility,
                                     const std::vector<torch::Tensor>& parameters) {
  const auto scaled = torch::matmul(inputs.queries, inputs.keys.transpose(2, 3)) /
                      std::sqrt(static_cast<double>(inputs.queries.size(3)));
  const auto visible = visible_keys(inputs.queries.size(2), visibility);
  const auto logits = logits_of(scaled, inputs, visible, parameters)
                          .masked_fill(~visible, -std::numeric_limits<double>::infinity());
  return torch::matmul(torch::softmax(logits, -1), inputs.values);
}

/// Output and gradients of q, k, v, the layer's input and its parameters against the dense form,
/// relative to the largest number of each; the other layer's parameters must stay out of it.
inline void check_against_dense(const SchemeUnderTest& test, const DenseLogits& logits_of,
                                int64_t batch, int64_t length, const Visibility& visibility,
                                int64_t rows_a_block, double tolerance) {
  CAPTURE(batch, length, visibility.window, visibility.sinks, rows_a_block);
  const SchemeInputs drawn = random_inputs(batch, length);
  const auto cotangent = torch::randn_like(drawn.values);
  test.scheme->zero_grad();

  const std::vector<torch::Tensor> tensors = {drawn.queries, drawn.keys, drawn.values,
                                              drawn.hidden};
  const auto actual = leaves(tensors, torch::kFloat32), exact = leaves(tensors, torch::kFloat64);
  const auto mixed =
      test.attend({actual[0], actual[1], actual[2], actual[3]}, visibility, rows_a_block);
  mixed.backward(cotangent);

  const auto parameters = leaves(test.parameters(), torch::kFloat64);
  const auto dense =
      dense_attention(logits_of, {exact[0], exact[1], exact[2], exact[3]}, visibility, parameters);
  dense.backward(cotangent.to(torch::kFloat64));

  CHECK(relative_difference(mixed, dense) < tolerance);
  for (size_t i = 0; i < tensors.size(); ++i) {
    CAPTURE(i);
    CHECK(actual[i].grad().defined() == exact[i].grad().defined());
    if (!exact[i].grad().defined()) continue;
    CHECK(relative_difference(actual[i].grad(), exact[i].grad()) < tolerance);
  }
  const auto learned = test.parameters();
  REQUIRE(learned.size() == parameters.size());
  for (size_t i = 0; i < learned.size(); ++i) {
    CAPTURE(i, learned[i].sizes());
    CHECK(relative_difference(learned[i].grad(), parameters[i].grad()) < tolerance);
  }
  for (const auto& other : test.parameters(false)) CHECK_FALSE(other.grad().defined());
}

/// All lengths and blocks at once.
inline void check_against_dense(const SchemeUnderTest& test, const DenseLogits& logits_of,
                                double tolerance) {
  for (int64_t length : {1, 2, 37, 100}) {
    for (int64_t rows : {0, 16}) {
      check_against_dense(test, logits_of, 1 + length % 2, length, {}, rows, tolerance);
    }
  }
  check_against_dense(test, logits_of, 2, 70, {.window = 9, .sinks = 0}, 16, tolerance);
  check_against_dense(test, logits_of, 2, 70, {.window = 9, .sinks = 2}, 16, tolerance);
}

/// What comes after a place must not move what was computed before it, to the last bit.
inline void check_nothing_leaks(const SchemeUnderTest& test) {
  const torch::NoGradGuard no_grad;
  const int64_t length = 60;
  const SchemeInputs inputs = random_inputs(2, length);
  const auto before = test.attend(inputs);
  for (int64_t place : {1, 15, 16, 33, 59}) {
    CAPTURE(place);
    const auto changed = [&](const torch::Tensor& tensor, int64_t dim) {
      auto copy = tensor.clone();
      copy.slice(dim, place).add_(3);
      return copy;
    };
    const auto after = test.attend({changed(inputs.queries, 2), changed(inputs.keys, 2),
                                    changed(inputs.values, 2), changed(inputs.hidden, 1)});
    CHECK(torch::equal(after.slice(2, 0, place), before.slice(2, 0, place)));
    CHECK(largest_difference(after.select(2, place), before.select(2, place)) > 1e-2);
  }
}

}  // namespace lengthwise::scheme_test
