#include "position/query_factor.h"

#include <torch/csrc/autograd/autograd.h>

#include "base/options.h"
#include "model/transformer.h"
#include "position/dense_attention.h"
#include "position/query_factors/llama4.h"
#include "position/query_factors/log_n.h"
#include "position/scheme_options.h"
#include "position/scheme_under_test.h"
#include "tensor_check.h"
#include "test.h"
#include "training/checkpoint.h"
#include "user_error_text.h"

namespace lengthwise {
namespace {

/// The factor [H or 1, T] of a model of kSmallShape, whose train length is 16.
torch::Tensor factor_of(const PositionOptions& options, int64_t length,
                        const Visibility& visibility = {}) {
  const auto factor = query_factor_entry(options.query_factor).make(options, kSmallShape);
  return factor->at(keys_seen(length, visibility, torch::kCPU), kLayer).detach();
}

double at(const PositionOptions& options, int64_t place, const Visibility& visibility = {}) {
  return factor_of(options, place + 1, visibility).select(-1, place).flatten()[0].item<double>();
}

PositionOptions with_factor(std::string_view name, std::string_view scheme = "none") {
  PositionOptions options = options_of(scheme_entry(scheme), kSmallShape);
  options.query_factor = name;
  return options;
}

std::vector<std::string> factor_names() {
  std::vector<std::string> names;
  for (const QueryFactorEntry& entry : query_factor_entries()) names.emplace_back(entry.name);
  return names;
}

/// A model that guesses sharply enough for a factor to matter.
Transformer model_of(const PositionOptions& position, const Visibility& visibility = {}) {
  ModelOptions model;
  model.width = 24;
  model.heads = 3;
  model.feedforward = 32;
  model.train_length = 16;
  model.window = visibility.window;
  model.sinks = visibility.sinks;
  Transformer transformer = make_transformer(model, position, 11);
  transformer->reset_parameters(1);
  for (const Block& block : transformer->blocks) {
    const torch::NoGradGuard no_grad;
    block->attention->query_key_value->weight.mul_(4);
  }
  transformer->eval();
  return transformer;
}

torch::Tensor tokens_of(int64_t length) {
  torch::manual_seed(7);
  return torch::randint(11, {1, length}, torch::kInt64);
}

torch::Tensor hidden_of(Transformer& model, const torch::Tensor& tokens) {
  const torch::NoGradGuard no_grad;
  return model->forward(tokens);
}

}  // namespace

TEST_CASE("Query factors have the values of their papers", "[position]") {
  CHECK(at(with_factor("log_n"), 15) == Approx(1));  // 16 keys, as in training
  CHECK(at(with_factor("log_n"), 255) == Approx(2));
  CHECK(at(with_factor("log_n"), 3) == Approx(0.5));
  CHECK(at(with_factor("log_n"), 0) == 0);
  CHECK(at(with_factor("log_n_beyond"), 3) == 1);
  CHECK(at(with_factor("log_n_beyond"), 255) == Approx(2));
  CHECK(at(with_factor("log_n_learned"), 255) == Approx(2));
  CHECK(at(with_factor("ssmax"), 255) == Approx(0.43 * std::log(256.0)));
  CHECK(at(with_factor("log_a"), 0) == Approx(1));
  CHECK(at(with_factor("log_a"), 240) == Approx(2));  // log of 256 to the base 16
  // Llama 4's steps fall on place + 1, Ministral's on the place.
  CHECK(at(with_factor("llama4"), 14) == 1);
  CHECK(at(with_factor("llama4"), 15) == Approx(1 + 0.1 * std::log(2.0)));
  CHECK(at(with_factor("ministral"), 15) == 1);
  CHECK(at(with_factor("ministral"), 16) == Approx(1 + 0.1 * std::log(2.0)));
  CHECK(at(with_factor("ministral"), 48) == Approx(1 + 0.1 * std::log(4.0)));
}

TEST_CASE("Every option of a query factor changes it", "[position]") {
  const auto changed = [](std::string_view name, const std::string& option,
                          const std::string& value) {
    PositionOptions before = with_factor(name), after = before;
    OptionSet options;
    after.declare(options);
    options.read_command_line({"--" + option, value});
    CHECK(options.find(option).is_read());
    CHECK_FALSE(torch::equal(factor_of(before, 64), factor_of(after, 64)));
  };
  changed("log_n", "position.log_n.length", "32");
  changed("log_n_beyond", "position.log_n.length", "32");
  changed("log_n_learned", "position.log_n_learned.initial", "0.5");
  changed("ssmax", "position.ssmax.initial", "0.5");
  changed("log_a", "position.log_a.a", "8");
  changed("llama4", "position.llama4.scale", "0.2");
  changed("llama4", "position.llama4.floor_scale", "8");
  changed("ministral", "position.ministral.beta", "0.2");
  changed("ministral", "position.ministral.original_length", "8");
}

TEST_CASE("A query counts the keys of its own row: its window, and the sinks beyond it",
          "[position]") {
  const auto seen = [](const Visibility& visibility) {
    return keys_seen(8, visibility, torch::kCPU);
  };
  CHECK(torch::equal(seen({}), torch::arange(1, 9, torch::kFloat64)));
  CHECK(
      torch::equal(seen({3, 0}), torch::tensor({1., 2., 3., 3., 3., 3., 3., 3.}, torch::kFloat64)));
  CHECK(
      torch::equal(seen({3, 2}), torch::tensor({1., 2., 3., 4., 5., 5., 5., 5.}, torch::kFloat64)));
  for (const Visibility visibility : {Visibility{}, Visibility{3, 0}, Visibility{3, 2}}) {
    const auto counted = visible_keys(8, visibility).sum(1).to(torch::kFloat64);
    CHECK(torch::equal(seen(visibility), counted));
  }
  CHECK(at(with_factor("log_n"), 200, {16, 0}) == Approx(1));
}

TEST_CASE("A query factor multiplies q k' alone, under every scheme and window", "[position]") {
  for (const std::string scheme : {"none", "rotary", "alibi", "t5_bias", "fire", "cable", "cope"}) {
    for (const std::string& name : factor_names()) {
      for (const Visibility visibility : {Visibility{}, Visibility{7, 2}}) {
        CAPTURE(scheme, name, visibility.window);
        auto plain = scheme_named(scheme, options_of(scheme_entry(scheme), kSmallShape));
        auto scaled = scheme_named(scheme, with_factor(name, scheme));
        const SchemeInputs inputs = random_inputs(kSmallShape, 2, 40);
        const auto positions = counted(40);
        const auto tables = plain->tables(positions);
        const LayerContext context{
            .layer = kLayer, .positions = positions, .tables = tables, .hidden = inputs.hidden};
        const auto pair = plain->apply_to_queries_keys({inputs.queries, inputs.keys}, context);
        const auto queries = pair.queries.to(torch::kFloat64);
        auto factor = factor_of(with_factor(name), 40, visibility);
        if (factor.dim() == 1) factor = factor.unsqueeze(0);
        const auto products =
            scaled_products(queries, pair.keys.to(torch::kFloat64)) * factor.unsqueeze(2);
        const auto logits =
            biased_logits(products, queries, plain->attention_bias(context), visibility);
        const auto dense = dense_attention(logits, inputs.values.to(torch::kFloat64),
                                           visible_keys(40, visibility));
        CHECK(relative_difference(scaled.attend(inputs, positions, visibility), dense, 1) < 2e-5);
      }
    }
  }
}

TEST_CASE("What follows a token does not change its logits under any query factor", "[position]") {
  for (const std::string& name : factor_names()) {
    CAPTURE(name);
    Transformer model = model_of(with_factor(name, "alibi"));
    const auto tokens = tokens_of(64);
    const auto alone = hidden_of(model, tokens.slice(1, 0, 24));
    const auto within = hidden_of(model, tokens).slice(1, 0, 24);
    CHECK((alone - within).abs().max().item<double>() < 2e-5);
  }
}

TEST_CASE("A query factor changes a model's answers beyond the train length", "[position]") {
  for (const std::string& name : factor_names()) {
    CAPTURE(name);
    Transformer plain = model_of(with_factor("none", "rotary"));
    Transformer model = model_of(with_factor(name, "rotary"));
    const auto tokens = tokens_of(64);
    const auto difference = (hidden_of(model, tokens) - hidden_of(plain, tokens)).abs();
    CHECK(difference.slice(1, 32).max().item<double>() > 1e-3);
  }
}

TEST_CASE("What a query factor learns has the gradient of its dense form, a head and layer its own",
          "[position]") {
  for (const std::string scheme : {"none", "alibi", "cope"}) {
    for (const std::string name : {"ssmax", "log_n_learned"}) {
      CAPTURE(scheme, name);
      const auto test = scheme_named(scheme, with_factor(name, scheme));
      const auto scales = test->named_parameters()["query_factor.layers.1.scale"];
      REQUIRE(scales.sizes() == at::IntArrayRef{kSmallShape.heads});
      const SchemeInputs inputs = random_inputs(kSmallShape, 2, 24);
      const auto positions = counted(24);
      const auto cotangent = torch::randn_like(inputs.queries);
      const auto output = test.attend(inputs, positions);
      const auto gradient = torch::autograd::grad({(output * cotangent).sum()}, {scales})[0];

      const auto leaf = scales.detach().to(torch::kFloat64).requires_grad_();
      const auto per_key =
          torch::arange(1, 25, torch::kFloat64).log() / (name == "ssmax" ? 1.0 : std::log(16.0));
      const auto tables = test->tables(positions);
      const LayerContext context{
          .layer = kLayer, .positions = positions, .tables = tables, .hidden = inputs.hidden};
      const auto queries = inputs.queries.to(torch::kFloat64);
      const auto products = scaled_products(queries, inputs.keys.to(torch::kFloat64)) *
                            torch::outer(leaf, per_key).unsqueeze(2);
      const auto dense =
          dense_attention(biased_logits(products, queries, test->attention_bias(context), {}),
                          inputs.values.to(torch::kFloat64), visible_keys(24, {}));
      const auto expected =
          torch::autograd::grad({(dense * cotangent.to(torch::kFloat64)).sum()}, {leaf})[0];
      CHECK(relative_difference(gradient, expected, 1) < 1e-4);
    }
  }
}

TEST_CASE("Only what is learned cannot be taken up after training", "[position]") {
  check_test_time_query_factor("none", "log_n");
  check_test_time_query_factor("ssmax", "none");
  check_test_time_query_factor("log_n", "llama4");
  const std::string line = user_error_text([] { check_test_time_query_factor("none", "ssmax"); });
  CHECK(contains(line, "position.query_factor: ssmax is learned"));
  CHECK(contains(line, "it takes none, log_n"));
}

}  // namespace lengthwise
