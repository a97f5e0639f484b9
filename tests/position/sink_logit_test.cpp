#include "position/sink_logit.h"

#include <torch/csrc/autograd/autograd.h>

#include "base/options.h"
#include "position/dense_attention.h"
#include "position/scheme_options.h"
#include "position/scheme_under_test.h"
#include "tensor_check.h"
#include "test.h"

namespace lengthwise {
namespace {

/// The sinks of the layer under test are 1, -2 and 0.5.
SchemeUnderTest scheme_with_sink(std::string_view scheme) {
  PositionOptions options = options_of(scheme_entry(scheme), kSmallShape);
  options.sink_logit = kLearnedSinkLogit;
  auto test = scheme_named(std::string(scheme), options);
  const torch::NoGradGuard no_grad;
  test->named_parameters()["sink_logit.layers.1.logit"].copy_(torch::tensor({1.0f, -2.0f, 0.5f}));
  return test;
}

AttentionInputs asked_for(const SchemeUnderTest& test, const SchemeInputs& inputs,
                          const Positions& positions) {
  const auto tables = test->tables(positions);
  const LayerContext context{
      .layer = kLayer, .positions = positions, .tables = tables, .hidden = inputs.hidden};
  return attention_inputs(*test, {inputs.queries, inputs.keys}, context);
}

}  // namespace

TEST_CASE("A learned sink takes its share of the softmax and gives nothing for it", "[position]") {
  // Logits of 0: query i gives each of its i + 1 keys 1 / (i + 1 + e^s).
  const auto test = scheme_with_sink("none");
  const auto zeros = torch::zeros({1, 3, 5, 8}), ones = torch::ones({1, 3, 5, 8});
  const auto mixed = test.attend({zeros, zeros, ones, torch::zeros({1, 5, 24})});
  const std::vector<double> sinks = {1, -2, 0.5};
  for (int64_t head = 0; head < 3; ++head) {
    for (int64_t i = 0; i < 5; ++i) {
      const double keys = static_cast<double>(i + 1);
      CHECK(mixed[0][head][i][3].item<double>() ==
            Approx(keys / (keys + std::exp(sinks[static_cast<size_t>(head)]))));
    }
  }
}

TEST_CASE("A learned sink stands beside every kind of bias, with gradients, windows and blocks",
          "[position]") {
  for (const std::string scheme : {"none", "rotary", "alibi", "fire", "cable", "cope", "xpos"}) {
    for (const Visibility visibility : {Visibility{}, Visibility{7, 0}, Visibility{7, 2}}) {
      for (const int64_t rows : {0, 16}) {
        CAPTURE(scheme, visibility.window, visibility.sinks, rows);
        const auto test = scheme_with_sink(scheme);
        SchemeInputs inputs = random_inputs(kSmallShape, 2, 40);
        const auto cotangent = torch::randn_like(inputs.values);
        const std::vector<torch::Tensor> leaves = {
            test->named_parameters()["sink_logit.layers.1.logit"], inputs.queries.requires_grad_(),
            inputs.keys.requires_grad_(), inputs.values.requires_grad_(),
            inputs.hidden.requires_grad_()};
        const auto gradients = [&](const torch::Tensor& output) {
          return torch::autograd::grad({(output * cotangent).sum()}, leaves, {}, std::nullopt,
                                       false, /*allow_unused=*/true);
        };
        const auto positions = counted(40);
        const auto mixed = test.attend(inputs, positions, visibility, rows);
        const auto dense = dense_attention(asked_for(test, inputs, positions),
                                           inputs.values.to(torch::kFloat64), visibility);
        CHECK(relative_difference(mixed, dense, 1) < 5e-6);
        const auto found = gradients(mixed), exact = gradients(dense);
        for (size_t i = 0; i < leaves.size(); ++i) {
          CAPTURE(i);
          REQUIRE(found[i].defined() == exact[i].defined());
          if (exact[i].defined()) CHECK(relative_difference(found[i], exact[i], 1) < 1e-5);
        }
      }
    }
  }
}

TEST_CASE("A learned sink begins at 0, a head and layer its own, and is saved beside the scheme",
          "[position]") {
  PositionOptions options;
  options.scheme = "cope";
  options.sink_logit = kLearnedSinkLogit;
  const auto parameters = scheme_named("cope", options)->named_parameters();
  CHECK(parameters.size() == 4);
  for (const char* name : {"sink_logit.layers.0.logit", "sink_logit.layers.1.logit"}) {
    CHECK(torch::equal(parameters[name].detach(), torch::zeros({3})));
  }
  CHECK(scheme_named("cope")->named_parameters().size() == 2);
}

TEST_CASE("A sink belongs to the weights: it cannot be taken up after training", "[position]") {
  PositionOptions values;
  OptionSet options;
  values.declare(options);
  CHECK_FALSE(options.find("position.sink_logit").may_change_after_training());
  CHECK(options.find("position.query_factor").may_change_after_training());
}

}  // namespace lengthwise
