#pragma once

#include <cmath>
#include <functional>
#include <string>
#include <vector>

#include "model/attention_kernels.h"
#include "position/dense_attention.h"
#include "tensor_check.h"

/// One bias of each kind that attention knows, to hold the walk over blocks under it against dense
/// attention.
namespace lengthwise::walk_test {

using torch::Tensor;
using Tensors = std::vector<Tensor>;

inline constexpr int64_t kHeads = 3, kHeadWidth = 5;
/// Of the numbers that make up an output or a gradient.
inline constexpr double kSize = 1;

struct Shape {
  int64_t batch, length;
  Visibility visibility;
  int64_t rows_a_block = 0;
  AttentionDropout dropout = {};
};

/// Where the logits of a rectangle stand, [Q], [C] and [Q, C].
struct Places {
  Tensor query, key, visible;
};

inline Places all_places(const Shape& shape) {
  const auto index = torch::arange(shape.length);
  return {index, index, visible_keys(shape.length, shape.visibility)};
}

/// A kind of bias, as a formula over any rectangle and as what attention is handed. The formulas
/// are free; that attention applies them right is what is tested.
struct Kind {
  std::string name;
  std::function<std::vector<std::vector<int64_t>>(const Shape&)> input_shapes;
  std::function<Tensor(const Tensor& logits, const Tensor& queries, const Places&, at::TensorList)>
      formula;
  std::function<AttentionBias(const Tensors&)> bias;
  torch::ScalarType type = torch::kFloat32;
  bool learned = true;
};

inline Tensor waves(const Places& places, double of_query, double of_key) {
  return torch::sin(of_query * places.query.to(torch::kFloat64).unsqueeze(1) +
                    of_key * places.key.to(torch::kFloat64));
}

/// [H] and [1 or B, H, 4] -> [1 or B, H, Q, C]; depends on both places, and not on their distance.
inline Tensor pair_formula(const Places& places, at::TensorList inputs) {
  const auto wave = waves(places, 0.3, 0.7).to(inputs[0].scalar_type());
  return inputs[0].view({-1, 1, 1}) * wave +
         inputs[1].index_select(2, places.key.remainder(4)).unsqueeze(2).tanh();
}

/// Mixes heads by [H, H], reads the queries by [K], and sums over what a query sees.
inline Tensor change_formula(const Tensor& logits, const Tensor& queries, const Places& places,
                             at::TensorList inputs) {
  const auto seen = logits.tanh() * places.visible;
  const auto mixed = torch::einsum("gh,bhqc->bgqc", {inputs[0], seen});
  const auto read = torch::matmul(queries, inputs[1]).unsqueeze(3);
  const auto type = logits.scalar_type();
  return logits + mixed + read * waves(places, 0.1, 0.2).to(type) +
         0.1 * seen.sum(3, true) * waves(places, 0, 0.4).to(type);
}

inline Places places_of(const LogitBlock& block) {
  return {block.query_index, block.key_index, block.visible()};
}

inline Kind none() {
  return {"no bias", [](const Shape&) { return std::vector<std::vector<int64_t>>(); },
          [](const Tensor& logits, const Tensor&, const Places&, at::TensorList) { return logits; },
          [](const Tensors&) { return NoBias{}; }};
}

inline Kind by_distance(bool learned) {
  return {learned ? "distance, learned" : "distance, fixed",
          [](const Shape& shape) {
            return std::vector<std::vector<int64_t>>{{kHeads, shape.length}};
          },
          [](const Tensor& logits, const Tensor&, const Places& places, at::TensorList inputs) {
            const auto distance = (places.query.unsqueeze(1) - places.key).clamp_min(0);
            return logits + inputs[0].index({torch::indexing::Slice(), distance});
          },
          [](const Tensors& inputs) { return DistanceBias{inputs[0]}; },
          torch::kFloat32,
          learned};
}

inline Kind by_key(bool for_each_row) {
  return {for_each_row ? "key, for each row of the batch" : "key",
          [for_each_row](const Shape& shape) {
            return std::vector<std::vector<int64_t>>{
                {for_each_row ? shape.batch : 1, kHeads, shape.length}};
          },
          [](const Tensor& logits, const Tensor&, const Places& places, at::TensorList inputs) {
            return logits + inputs[0].index_select(2, places.key).unsqueeze(2);
          },
          [](const Tensors& inputs) { return KeyBias{inputs[0]}; }, torch::kFloat64};
}

inline Kind by_pair(bool for_each_row) {
  return {for_each_row ? "pair, for each row of the batch" : "pair",
          [for_each_row](const Shape& shape) {
            return std::vector<std::vector<int64_t>>{{kHeads},
                                                     {for_each_row ? shape.batch : 1, kHeads, 4}};
          },
          [](const Tensor& logits, const Tensor&, const Places& places, at::TensorList inputs) {
            return logits + pair_formula(places, inputs);
          },
          [](const Tensors& inputs) {
            return PairBias{inputs,
                            [](const LogitBlock& block, at::TensorList listed) {
                              return pair_formula(places_of(block), listed);
                            },
                            4};
          }};
}

inline Kind change() {
  return {"change of the logits",
          [](const Shape&) {
            return std::vector<std::vector<int64_t>>{{kHeads, kHeads}, {kHeadWidth}};
          },
          change_formula,
          [](const Tensors& inputs) {
            return LogitChange{inputs,
                               [](const Tensor& logits, const Tensor& queries,
                                  const LogitBlock& block, at::TensorList listed) {
                                 return change_formula(logits, queries, places_of(block), listed);
                               },
                               12};
          }};
}

inline std::vector<Kind> all_kinds() {
  return {none(),       by_distance(false), by_distance(true), by_key(false),
          by_key(true), by_pair(false),     by_pair(true),     change()};
}

/// Queries, keys, values, then the bias's inputs -> [B, H, T, K].
using Attend = std::function<Tensor(const Tensors&)>;

inline Attend walked(const Kind& kind, const Shape& shape) {
  return [=](const Tensors& x) {
    return walk_attention(x[0], x[1], x[2], kind.bias(Tensors(x.begin() + 3, x.end())),
                          1 / std::sqrt(static_cast<double>(kHeadWidth)), shape.visibility,
                          shape.dropout, shape.rows_a_block);
  };
}

/// In float64 with all pairs at once. keep: what dropout leaves of the weights; undefined: all.
inline Attend dense(const Kind& kind, const Shape& shape, const Tensor& keep = {}) {
  return [=](const Tensors& x) {
    const auto places = all_places(shape);
    const auto logits =
        kind.formula(scaled_products(x[0], x[1]), x[0], places, Tensors(x.begin() + 3, x.end()));
    auto weights = dense_weights(logits, places.visible);
    if (keep.defined()) weights = weights * keep / (1 - shape.dropout.probability);
    return torch::matmul(weights, x[2]);
  };
}

/// What a test does with attention, from its leaves (those of `draw`) to an output.
using Use = std::function<Tensor(const Attend&, const Tensors& leaves)>;

inline Tensor simply(const Attend& attend, const Tensors& leaves) {
  return attend(leaves);
}

inline Tensors draw(const Kind& kind, const Shape& shape) {
  torch::manual_seed(static_cast<uint64_t>(shape.length));
  Tensors drawn;
  for (int i = 0; i < 3; ++i) {
    drawn.push_back(torch::randn({shape.batch, kHeads, shape.length, kHeadWidth}));
  }
  for (const auto& sizes : kind.input_shapes(shape)) drawn.push_back(torch::randn(sizes));
  return drawn;
}

/// Output and gradients of all leaves but the frozen ones, `use` of the walk against `use` of the
/// dense form, relative to the largest number of each. All are of size 1 and more, but for
/// gradients that are zero: of logits where a query sees one key.
inline void check_use(const Kind& kind, const Shape& shape, const Use& use,
                      const std::vector<bool>& frozen = {}, const Tensor& keep = {}) {
  CAPTURE(kind.name, shape.batch, shape.length, shape.visibility.window, shape.visibility.sinks,
          shape.rows_a_block);
  const Tensors drawn = draw(kind, shape);
  const auto leaves = [&](bool exact) {
    Tensors found;
    for (size_t i = 0; i < drawn.size(); ++i) {
      const auto type = exact ? torch::kFloat64 : i < 3 ? torch::kFloat32 : kind.type;
      const bool is_frozen = (i < frozen.size() && frozen[i]) || (i >= 3 && !kind.learned);
      found.push_back(drawn[i].to(type).clone().requires_grad_(!is_frozen));
    }
    return found;
  };
  const Tensors actual = leaves(false), exact = leaves(true);
  const auto output = use(walked(kind, shape), actual);
  const auto expected = use(dense(kind, shape, keep), exact);
  const auto cotangent = torch::randn_like(output);
  output.backward(cotangent);
  expected.backward(cotangent.to(torch::kFloat64));

  CHECK(relative_difference(output, expected, kSize) < 5e-6);
  for (size_t i = 0; i < drawn.size(); ++i) {
    CAPTURE(i);
    REQUIRE(actual[i].grad().defined() == exact[i].grad().defined());
    if (!exact[i].grad().defined()) continue;
    CHECK(relative_difference(actual[i].grad(), exact[i].grad(), kSize) < 1e-5);
  }
}

inline const std::vector<Visibility> kVisibilities = {{0, 0},  {0, 3}, {40, 0},
                                                      {40, 3}, {1, 0}, {1, 3}};

}  // namespace lengthwise::walk_test
