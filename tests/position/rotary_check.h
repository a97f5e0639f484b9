#pragma once

#include <cmath>
#include <string>
#include <vector>

#include "base/error.h"
#include "position/dense_check.h"
#include "position/options.h"
#include "position/registry.h"
#include "position/rotary.h"

namespace lengthwise {

/// What a scheme of the rotary family should do, as its paper has it: the pairs' frequencies, by
/// what a token's distance multiplies each, and the factor on queries and on keys.
struct ExpectedRotation {
  std::vector<double> frequencies;
  std::vector<double> decay_a_token = {};  // empty: none
  double factor = 1;
};

/// [..., R/2] complex: pairs of the first R dimensions.
inline torch::Tensor complex_pairs(const torch::Tensor& x, int64_t pairs,
                                   const std::string& pairing) {
  const auto turned = x.slice(-1, 0, 2 * pairs);
  const bool half = pairing == "half";
  return torch::complex(half ? turned.slice(-1, 0, pairs) : turned.slice(-1, 0, 2 * pairs, 2),
                        half ? turned.slice(-1, pairs) : turned.slice(-1, 1, 2 * pairs, 2));
}

/// The relative form: logit (i, j) is m^2 / sqrt(K) times
///   sum over pairs of Re(q_i conj(k_j) exp(sqrt(-1) theta (i - j))) decay^(i - j)  + the rest.
inline DenseLogits rotary_logits(const std::string& pairing, const ExpectedRotation& expected) {
  return [=](const DenseInputs& inputs) {
    const auto& q = inputs.queries;
    const auto& k = inputs.keys;
    const auto pairs = static_cast<int64_t>(expected.frequencies.size());
    const auto distances = pair_distances(inputs.positions);
    const auto query_pairs = complex_pairs(q, pairs, pairing);
    const auto key_pairs = complex_pairs(k, pairs, pairing).conj();
    auto logits = torch::matmul(q.slice(-1, 2 * pairs), k.slice(-1, 2 * pairs).transpose(2, 3));
    for (int64_t pair = 0; pair < pairs; ++pair) {
      const auto index = static_cast<size_t>(pair);
      const double decay = expected.decay_a_token.empty() ? 1 : expected.decay_a_token[index];
      const auto wave =
          torch::polar(torch::pow(decay, distances), distances * expected.frequencies[index]);
      const auto products = query_pairs.select(-1, pair).unsqueeze(3) *
                            key_pairs.select(-1, pair).unsqueeze(2);  // [B, H, T, T]
      logits = logits + torch::real(products * wave);
    }
    return logits * (expected.factor * expected.factor / std::sqrt(static_cast<double>(q.size(3))));
  };
}

/// Queries and keys [1, H, T, K] as the options' scheme changes them.
inline QueriesKeys rotated(const PositionOptions& options, const ModelShape& shape,
                           const QueriesKeys& pair) {
  options.validate(shape);
  const auto scheme = make_scheme(options, shape);
  const auto positions = scheme->positions(pair.queries.size(2), 0);
  const auto tables = scheme->tables(positions);
  const LayerContext context{.layer = 0, .positions = positions, .tables = tables, .hidden = {}};
  CHECK(std::holds_alternative<NoBias>(scheme->attention_bias(context)));
  return scheme->apply_to_queries_keys(pair, context);
}

/// Compares the scheme in attention with the dense form, through the kernel that attention chooses
/// and through blocks of 16 rows; then that no later token matters.
inline void check_rotation(const PositionOptions& options, const ModelShape& shape, int64_t length,
                           const ExpectedRotation& expected) {
  const auto test = scheme_named(options.scheme, options, shape);
  const auto positions = test->positions(length, 0);
  CHECK(std::holds_alternative<NoBias>(bias_of(*test, positions, test.layer)));
  const auto formula = rotary_logits(options.group<RotaryOptions>().pairing, expected);
  // Of a single token, the gradients of query and key are nothing but rounding.
  const Tolerance tolerance{.size = 0.1};
  for (const int64_t rows : {0, 16}) {
    for (const int64_t batch : {1, 2}) {
      check_against_dense(test, formula, {positions, rows, {}, batch}, tolerance);
    }
    check_against_dense(test, formula, {positions, rows, {.window = 9, .sinks = 2}}, tolerance);
  }
  check_nothing_leaks(test, positions, {length / 2});
}

inline PositionOptions options_of(const std::string& scheme) {
  PositionOptions options;
  options.scheme = scheme;
  return options;
}

inline ModelShape one_head(int64_t head_width, int64_t train_length) {
  return {.width = head_width, .heads = 1, .layers = 1, .train_length = train_length};
}

/// What a scheme makes of its pairs in a window of `length` tokens: read off from position 1.
struct Measured {
  torch::Tensor frequencies;  // [R/2]
  double factor;
};

inline Measured measured(const PositionOptions& options, const ModelShape& shape, int64_t length) {
  options.validate(shape);
  const auto scheme = make_scheme(options, shape);
  const auto tables = scheme->tables(scheme->positions(length, 0));
  const auto cosines = tables[0][1].to(torch::kFloat64), sines = tables[1][1].to(torch::kFloat64);
  return {torch::atan2(sines, cosines),
          std::hypot(cosines[0].item<double>(), sines[0].item<double>())};
}

/// Frequencies of these pairs, relative to what they should be.
inline void check_frequencies(const Measured& found,
                              const std::vector<std::pair<int64_t, double>>& expected) {
  for (const auto& [pair, frequency] : expected) {
    CAPTURE(pair);
    // Cosine and sine are rounded to float32.
    CHECK(found.frequencies[pair].item<double>() == Approx(frequency).epsilon(2e-7).margin(0));
  }
}

inline std::string refusal(const PositionOptions& options, const ModelShape& shape) {
  try {
    options.validate(shape);
  } catch (const UserError& error) {
    return error.what();
  }
  return "";
}

}  // namespace lengthwise
