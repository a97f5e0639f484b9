#include <torch/csrc/autograd/autograd.h>

#include "model/transformer.h"
#include "position/dense_attention.h"
#include "position/scheme_options.h"
#include "position/scheme_under_test.h"
#include "tensor_check.h"
#include "test.h"

// Windows and attention sinks (model.window, model.sinks) under every scheme of the registry.

namespace lengthwise {
namespace {

/// Lengths beyond 16 tokens are more than the scheme was trained for.
SchemeUnderTest scheme_of(const SchemeEntry& entry) {
  SchemeUnderTest test{make_scheme(options_of(entry, kSmallShape), kSmallShape)};
  torch::manual_seed(3);
  test->reset_parameters();
  const torch::NoGradGuard no_grad;
  for (torch::Tensor& parameter : test->parameters()) {
    parameter.add_(torch::randn_like(parameter), 0.3);  // some begin at zero, and act on nothing
  }
  return test;
}

/// What the scheme asks of attention, whatever it is made from.
AttentionInputs asked_for(const SchemeUnderTest& test, const SchemeInputs& inputs,
                          const Positions& positions) {
  const auto tables = test->tables(positions);
  const LayerContext context{
      .layer = test.layer, .positions = positions, .tables = tables, .hidden = inputs.hidden};
  return attention_inputs(*test, {inputs.queries, inputs.keys}, context);
}

/// Of q, k, v, the layer's input and the scheme's parameters; undefined where nothing depends on
/// them.
std::vector<torch::Tensor> gradients_of(const torch::Tensor& output, const torch::Tensor& cotangent,
                                        const SchemeUnderTest& test, const SchemeInputs& inputs) {
  std::vector<torch::Tensor> leaves = test->parameters();
  leaves.insert(leaves.begin(), {inputs.queries, inputs.keys, inputs.values, inputs.hidden});
  return torch::autograd::grad({(output * cotangent.to(output.scalar_type())).sum()}, leaves, {},
                               /*retain_graph=*/std::nullopt, /*create_graph=*/false,
                               /*allow_unused=*/true);
}

/// Of gradients of a scheme's parameters, which are sums over all pairs. What they sum is computed
/// in float32 where a bias changes logits, by the dense form too; the slopes of a bias by key are
/// what rounding leaves of sums to zero, and are added up along the keys.
double parameter_tolerance(const AttentionInputs& inputs) {
  if (std::holds_alternative<LogitChange>(inputs.bias) || inputs.parts.product) return 1e-4;
  const bool added_up =
      std::holds_alternative<KeyBias>(inputs.bias) || std::holds_alternative<PairBias>(inputs.bias);
  return added_up ? 4e-5 : 5e-6;
}

void check_against_dense(const SchemeUnderTest& test, int64_t length, const Visibility& visibility,
                         int64_t rows_a_block) {
  CAPTURE(length, visibility.window, visibility.sinks, rows_a_block);
  const Positions positions = test->positions(length, 1);
  SchemeInputs inputs = random_inputs(kSmallShape, 2, length);
  const auto cotangent = torch::randn_like(inputs.values);
  for (torch::Tensor* each : {&inputs.queries, &inputs.keys, &inputs.values, &inputs.hidden}) {
    each->requires_grad_();
  }
  const auto output = test.attend(inputs, positions, visibility, rows_a_block);
  const auto asked = asked_for(test, inputs, positions);
  const auto expected = dense_attention(asked, inputs.values.to(torch::kFloat64), visibility);
  {
    // Nothing to train: attention may take another way.
    const torch::NoGradGuard no_grad;
    const auto alone = test.attend(inputs, positions, visibility, rows_a_block);
    CHECK(relative_difference(alone, expected, 1) < 5e-6);
  }
  CHECK(relative_difference(output, expected, 1) < 5e-6);

  const auto found = gradients_of(output, cotangent, test, inputs);
  const auto exact = gradients_of(expected, cotangent, test, inputs);
  const double of_parameters = parameter_tolerance(asked);
  for (size_t i = 0; i < found.size(); ++i) {
    CAPTURE(i);
    REQUIRE(found[i].defined() == exact[i].defined());
    if (!exact[i].defined()) continue;
    CHECK(relative_difference(found[i], exact[i], 1) < (i < 4 ? 5e-6 : of_parameters));
  }
}

constexpr int64_t kVocabularySize = 11;

/// One layer, so that what a token says goes no further than attention sees.
Transformer one_layer(const SchemeEntry& entry, const Visibility& visibility) {
  ModelOptions model;
  model.width = 24;
  model.layers = 1;
  model.heads = 3;
  model.feedforward = 32;
  model.train_length = 64;
  model.window = visibility.window;
  model.sinks = visibility.sinks;
  Transformer transformer =
      make_transformer(model, options_of(entry, model.shape()), kVocabularySize);
  transformer->reset_parameters(1);
  transformer->eval();
  return transformer;
}

/// By how much another token at a place moves what the model makes of each place. [T]
torch::Tensor moved_by(Transformer& model, const torch::Tensor& tokens, int64_t place) {
  const torch::NoGradGuard no_grad;
  auto changed = tokens.clone();
  changed.select(1, place).add_(1).remainder_(kVocabularySize);
  return (model->forward(changed) - model->forward(tokens)).abs().amax({0, 2});
}

}  // namespace

TEST_CASE("Every scheme attends under windows and sinks as the dense form does, with its gradients",
          "[position]") {
  for (const SchemeEntry& entry : scheme_entries()) {
    DYNAMIC_SECTION(entry.name) {
      const SchemeUnderTest test = scheme_of(entry);
      const int64_t limit = test->max_length().value_or(600);
      for (const Visibility& visibility :
           std::vector<Visibility>{{0, 0}, {9, 0}, {9, 2}, {1, 0}, {1, 3}, {40, 3}, {500, 5}}) {
        for (int64_t rows : {0, 1, 16}) {
          check_against_dense(test, std::min<int64_t>(limit, 70), visibility, rows);
        }
      }
      // More than the rows that the fused kernel takes at once.
      check_against_dense(test, std::min<int64_t>(limit, 600), {40, 3}, 0);
    }
  }
}

TEST_CASE("A model's tokens reach as far as its window, and beyond it from its sinks alone",
          "[position]") {
  torch::manual_seed(7);
  const auto tokens = torch::randint(kVocabularySize, {2, 60}, torch::kInt64);
  for (const SchemeEntry& entry : scheme_entries()) {
    CAPTURE(entry.name);
    Transformer without = one_layer(entry, {.window = 7, .sinks = 0});
    for (int64_t place : {1, 20}) {
      CAPTURE(place);
      // The hidden states are of size 1, and what cancels leaves its rounding.
      const auto moved = moved_by(without, tokens, place);
      CHECK(moved.slice(0, 0, place).max().item<double>() == 0);
      CHECK(moved.slice(0, place, place + 7).min().item<double>() > 1e-4);
      CHECK(moved.slice(0, place + 7 + entry.reach_behind_window).max().item<double>() < 1e-5);
    }
    // Far sinks fade under some schemes: the nearest query tells.
    Transformer with = one_layer(entry, {.window = 7, .sinks = 2});
    CHECK(moved_by(with, tokens, 1).slice(0, 8).max().item<double>() > 1e-4);
  }
}

}  // namespace lengthwise
