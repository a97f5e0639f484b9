#pragma once

#include <torch/csrc/autograd/autograd.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "base/error.h"
#include "model/attention_kernels.h"
#include "position/options.h"
#include "position/registry.h"
#include "position/rotary.h"
#include "position/scheme.h"
#include "tensor_check.h"
#include "test.h"

namespace lengthwise {

/// What a scheme of the rotary family should do, as its paper has it: the pairs' frequencies, by
/// what a token's distance multiplies each, and the factor on queries and on keys.
struct ExpectedRotation {
  std::vector<double> frequencies;
  std::vector<double> decay_a_token = {};  // empty: none
  double factor = 1;
};

/// [H, T, R/2] complex: pairs of the first R dimensions.
inline torch::Tensor complex_pairs(const torch::Tensor& x, int64_t pairs,
                                   const std::string& pairing) {
  const auto turned = x.slice(-1, 0, 2 * pairs);
  const bool half = pairing == "half";
  return torch::complex(half ? turned.slice(-1, 0, pairs) : turned.slice(-1, 0, 2 * pairs, 2),
                        half ? turned.slice(-1, pairs) : turned.slice(-1, 1, 2 * pairs, 2));
}

/// Dense float64 attention in the relative form: logit (i, j) is m^2 / sqrt(K) times
///   sum over pairs of Re(q_i conj(k_j) exp(sqrt(-1) theta (i - j))) decay^(i - j)  + the rest.
/// q, k, v [H, T, K] float64.
inline torch::Tensor dense_rotary_attention(const torch::Tensor& q, const torch::Tensor& k,
                                            const torch::Tensor& v, const std::string& pairing,
                                            const ExpectedRotation& expected) {
  const int64_t length = q.size(1), width = q.size(2);
  const auto pairs = static_cast<int64_t>(expected.frequencies.size());
  const auto places = torch::arange(length, torch::kFloat64);
  const auto distances = (places.unsqueeze(1) - places).clamp_min(0);
  const auto query_pairs = complex_pairs(q, pairs, pairing);
  const auto key_pairs = complex_pairs(k, pairs, pairing).conj();
  auto logits = torch::matmul(q.slice(-1, 2 * pairs), k.slice(-1, 2 * pairs).transpose(1, 2));
  for (int64_t pair = 0; pair < pairs; ++pair) {
    const auto index = static_cast<size_t>(pair);
    const double decay = expected.decay_a_token.empty() ? 1 : expected.decay_a_token[index];
    const auto wave =
        torch::polar(torch::pow(decay, distances), distances * expected.frequencies[index]);
    const auto products = query_pairs.select(-1, pair).unsqueeze(2) *
                          key_pairs.select(-1, pair).unsqueeze(1);  // [H, T, T]
    logits = logits + torch::real(products * wave);
  }
  logits = logits * (expected.factor * expected.factor / std::sqrt(static_cast<double>(width)));
  const auto later = torch::ones({length, length}, torch::kBool).triu(1);
  const auto hidden = logits.masked_fill(later, -std::numeric_limits<double>::infinity());
  return torch::matmul(hidden.softmax(-1), v);
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

/// Largest difference relative to the largest value, or to `floor` where all are smaller: of a
/// single token, the gradients of query and key are nothing but rounding.
inline double relative_difference(const torch::Tensor& actual, const torch::Tensor& expected,
                                  double floor = 0.1) {
  return largest_difference(actual, expected) /
         std::max(floor, expected.detach().abs().max().item<double>());
}

/// Compares forward and gradients of the scheme in attention with the dense form, through the
/// kernel that attention chooses and through blocks of 16 rows; then that no later token matters.
inline void check_against_dense(const PositionOptions& options, const ModelShape& shape,
                                int64_t length, const ExpectedRotation& expected) {
  torch::manual_seed(5);
  std::vector<torch::Tensor> exact, single;
  for (int i = 0; i < 3; ++i) {
    single.push_back(torch::randn({1, shape.heads, length, shape.head_width()}));
    exact.push_back(single.back().squeeze(0).to(torch::kFloat64).requires_grad_());
    single.back().requires_grad_();
  }
  const auto upstream = torch::randn({shape.heads, length, shape.head_width()});
  const auto dense = dense_rotary_attention(exact[0], exact[1], exact[2],
                                            options.group<RotaryOptions>().pairing, expected);
  const auto slopes = torch::autograd::grad({(dense * upstream.to(torch::kFloat64)).sum()}, exact);

  for (const bool in_blocks : {false, true}) {
    CAPTURE(length, in_blocks);
    const auto pair = rotated(options, shape, {single[0], single[1]});
    const double scale = 1 / std::sqrt(static_cast<double>(shape.head_width()));
    const auto mixed = in_blocks ? walk_attention(pair.queries, pair.keys, single[2], NoBias{},
                                                  scale, {}, {}, /*rows_a_block=*/16)
                                 : causal_attention(pair.queries, pair.keys, single[2], NoBias{});
    CHECK(relative_difference(mixed.squeeze(0), dense) < 5e-6);
    const auto gradients = torch::autograd::grad({(mixed.squeeze(0) * upstream).sum()}, single);
    for (size_t i = 0; i < 3; ++i) {
      CAPTURE(i);
      CHECK(relative_difference(gradients[i].squeeze(0), slopes[i]) < 5e-6);
    }

    const torch::NoGradGuard no_grad;
    const int64_t place = length / 2;
    std::vector<torch::Tensor> changed;
    for (const auto& each : single) {
      changed.push_back(each.detach().clone());
      changed.back().slice(2, place).add_(1);
    }
    const auto other = rotated(options, shape, {changed[0], changed[1]});
    const auto leaked = causal_attention(other.queries, other.keys, changed[2], NoBias{});
    const auto before = causal_attention(pair.queries, pair.keys, single[2], NoBias{});
    CHECK(torch::equal(leaked.slice(2, 0, place), before.slice(2, 0, place)));
    CHECK_FALSE(torch::equal(leaked.slice(2, place), before.slice(2, place)));
  }
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
