#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "position/dense_attention.h"
#include "position/scheme_under_test.h"
#include "tensor_check.h"
#include "test.h"

/// Holds a scheme against its paper's formula, written in each test for itself: over all pairs, in
/// float64, sharing nothing with what it checks.
namespace lengthwise {

/// A scheme's parameters in float64, by their names without "position.".
using Parameters = std::map<std::string, torch::Tensor>;

/// What a formula may look at, in float64.
struct DenseInputs : SchemeInputs {
  torch::Tensor logits;     // [B, H, T, T], q k' / sqrt(K)
  torch::Tensor positions;  // [T]
  torch::Tensor visible;    // [T, T]
  Parameters parameters;
};
/// The logits [B, H, T, T] that the scheme should give, or those and a sink's (with_sink).
using DenseLogits = std::function<torch::Tensor(const DenseInputs&)>;
/// A bias [H, T, T] on the logits, for schemes that depend on nothing else.
using DenseBias = std::function<torch::Tensor(const torch::Tensor& positions, const Parameters&)>;

inline DenseLogits added(const DenseBias& bias) {
  return [bias](const DenseInputs& inputs) {
    return inputs.logits + bias(inputs.positions, inputs.parameters);
  };
}

inline torch::Tensor dense_attention(const DenseLogits& formula, const SchemeInputs& inputs,
                                     const Positions& positions, const Visibility& visibility,
                                     const Parameters& parameters) {
  const DenseInputs all{inputs, scaled_products(inputs.queries, inputs.keys), positions.values,
                        visible_keys(inputs.queries.size(2), visibility), parameters};
  return dense_attention(formula(all), inputs.values, all.visible);
}

inline SchemeInputs leaves(const SchemeInputs& inputs, torch::ScalarType type) {
  const auto leaf = [&](const torch::Tensor& tensor) {
    return tensor.detach().to(type).clone().requires_grad_();
  };
  return {leaf(inputs.queries), leaf(inputs.keys), leaf(inputs.values), leaf(inputs.hidden)};
}

inline Parameters dense_parameters(const PositionScheme& scheme) {
  Parameters parameters;
  for (const auto& item : scheme.named_parameters()) {
    parameters[item.key()] = item.value().detach().to(torch::kFloat64).requires_grad_();
  }
  return parameters;
}

struct Tolerance {
  double relative = 5e-6;
  double size = 1;  // as relative_difference has it
};

/// How attention is asked: where, in which batch, by the way it chooses or in blocks of rows.
struct Situation {
  Positions positions;
  int64_t rows_a_block = 0;
  Visibility visibility = {};
  int64_t batch = 2;
};

inline void check_same_gradient(const torch::Tensor& actual, const torch::Tensor& expected,
                                const Tolerance& tolerance) {
  REQUIRE(actual.grad().defined() == expected.grad().defined());
  if (!expected.grad().defined()) return;
  CHECK(relative_difference(actual.grad(), expected.grad(), tolerance.size) < tolerance.relative);
}

/// Output and gradients of q, k, v, the layer's input and all parameters, those of other layers
/// included, which have none.
inline void check_against_dense(const SchemeUnderTest& test, const DenseLogits& formula,
                                const Situation& at, const Tolerance& tolerance = {}) {
  const int64_t length = at.positions.values.size(0);
  CAPTURE(length, at.positions.step.has_value(), at.rows_a_block, at.visibility.window,
          at.visibility.sinks, at.batch);
  const SchemeInputs drawn = random_inputs(test.shape, at.batch, length);
  const auto cotangent = torch::randn_like(drawn.values);

  test->zero_grad();
  const SchemeInputs actual = leaves(drawn, torch::kFloat32);
  const auto mixed = test.attend(actual, at.positions, at.visibility, at.rows_a_block);
  mixed.backward(cotangent);

  const SchemeInputs exact = leaves(drawn, torch::kFloat64);
  const auto parameters = dense_parameters(*test);
  const auto dense = dense_attention(formula, exact, at.positions, at.visibility, parameters);
  dense.backward(cotangent.to(torch::kFloat64));

  CHECK(relative_difference(mixed, dense, tolerance.size) < tolerance.relative);
  {
    INFO("queries");
    check_same_gradient(actual.queries, exact.queries, tolerance);
  }
  {
    INFO("keys");
    check_same_gradient(actual.keys, exact.keys, tolerance);
  }
  {
    INFO("values");
    check_same_gradient(actual.values, exact.values, tolerance);
  }
  {
    INFO("the layer's input");
    check_same_gradient(actual.hidden, exact.hidden, tolerance);
  }
  for (const auto& item : test->named_parameters()) {
    CAPTURE(item.key());
    check_same_gradient(item.value(), parameters.at(item.key()), tolerance);
  }
}

/// In one block and in many, under windows and sinks, at positions [T] of any T.
inline void check_at(const std::function<Positions(int64_t)>& positions,
                     const SchemeUnderTest& test, const DenseLogits& formula,
                     const Tolerance& tolerance = {}) {
  for (int64_t rows : {0, 16}) {
    for (int64_t length : {1, 2, 37, 100}) {
      for (int64_t batch : {1, 2}) {
        check_against_dense(test, formula, {positions(length), rows, {}, batch}, tolerance);
      }
    }
    for (const Visibility& visibility : {Visibility{9, 0}, Visibility{9, 2}}) {
      check_against_dense(test, formula, {positions(70), rows, visibility}, tolerance);
    }
  }
}

/// At positions counted and uneven.
inline void check_everywhere(const SchemeUnderTest& test, const DenseLogits& formula,
                             const Tolerance& tolerance = {}) {
  check_at(counted, test, formula, tolerance);
  check_at(uneven, test, formula, tolerance);
}

/// Along its gradient by the scheme, each parameter changes the dense loss by the gradient's
/// length.
inline void check_finite_differences(const SchemeUnderTest& test, const DenseLogits& formula) {
  const auto positions = counted(40);
  const SchemeInputs drawn = random_inputs(test.shape, 2, 40);
  const auto cotangent = torch::randn_like(drawn.values);
  test->zero_grad();
  test.attend(drawn, positions).backward(cotangent);

  const torch::NoGradGuard no_grad;
  const SchemeInputs exact = leaves(drawn, torch::kFloat64);
  for (const auto& item : test->named_parameters()) {
    CAPTURE(item.key());
    if (!item.value().grad().defined()) continue;
    const auto gradient = item.value().grad().to(torch::kFloat64);
    const double slope = gradient.norm().item<double>();
    REQUIRE(slope > 1e-3);
    const auto loss_at = [&](double step) {
      Parameters moved = dense_parameters(*test);
      moved.at(item.key()).add_(gradient, step / slope);
      const auto output = dense_attention(formula, exact, positions, {}, moved);
      return (output * cotangent).sum().item<double>();
    };
    constexpr double kStep = 1e-5;
    CHECK((loss_at(kStep) - loss_at(-kStep)) / (2 * kStep) == Approx(slope).epsilon(1e-4));
  }
}

/// What comes from `place` on moves no output before it, to the last bit, and moves those after it;
/// nor is anything not finite.
inline void check_nothing_leaks(const SchemeUnderTest& test, const Positions& positions,
                                const std::vector<int64_t>& places) {
  const torch::NoGradGuard no_grad;
  const SchemeInputs inputs = random_inputs(test.shape, 2, positions.values.size(0));
  for (int64_t rows : {0, 16}) {
    const auto before = test.attend(inputs, positions, {}, rows);
    CHECK(before.isfinite().all().item<bool>());
    for (int64_t place : places) {
      CAPTURE(positions.step.has_value(), rows, place);
      const auto changed = [&](const torch::Tensor& tensor, int64_t dim) {
        auto copy = tensor.clone();
        copy.slice(dim, place).normal_(0, 100);
        return copy;
      };
      const auto after = test.attend({changed(inputs.queries, 2), changed(inputs.keys, 2),
                                      changed(inputs.values, 2), changed(inputs.hidden, 1)},
                                     positions, {}, rows);
      CHECK(torch::equal(after.slice(2, 0, place), before.slice(2, 0, place)));
      CHECK(largest_difference(after.select(2, place), before.select(2, place)) > 1e-2);
    }
  }
}

inline void check_nothing_leaks(const SchemeUnderTest& test) {
  for (const Positions& positions : {counted(70), uneven(70)}) {
    check_nothing_leaks(test, positions, {1, 15, 16, 33, 41, 69});
  }
}

}  // namespace lengthwise
