#include "position/dape.h"

#include <string>
#include <utility>

#include "base/error.h"
#include "base/options.h"
#include "position/dense_check.h"
#include "test.h"

namespace lengthwise {
namespace {

PositionOptions dape_options(const std::string& bias, int64_t width = 8) {
  PositionOptions options;
  options.scheme = "dape";
  options.group<DapeOptions>().bias = bias;
  options.group<DapeOptions>().width = width;
  return options;
}

torch::Tensor no_bias(const torch::Tensor& positions, const Parameters&) {
  return torch::zeros({3, 1, 1}, torch::kFloat64) * pair_distances(positions);
}

torch::Tensor alibi_bias(const torch::Tensor& positions, const Parameters&) {
  const auto slopes = torch::tensor({0.0625, 0.00390625, 0.25}, torch::kFloat64);  // three heads'
  return -slopes.view({3, 1, 1}) * pair_distances(positions);
}

torch::Tensor kerple_bias(const torch::Tensor& positions, const Parameters& parameters) {
  const auto r1 = parameters.at("base.layers.1.log_r1").exp().view({3, 1, 1}),
             r2 = parameters.at("base.layers.1.log_r2").exp().view({3, 1, 1});
  return -r1 * torch::log(1 + r2 * pair_distances(positions));
}

/// The paper's form over all pairs: the features of a pair are the last axis.
DenseLogits dense_logits(const DenseBias& bias_at) {
  return [bias_at](const DenseInputs& inputs) {
    const auto& logits = inputs.logits;
    const auto of = [&](const std::string& name) {
      return inputs.parameters.at("layers.1." + name);
    };
    const auto bias = bias_at(inputs.positions, inputs.parameters);
    const auto features = torch::cat({logits, bias.expand_as(logits)}, 1).permute({0, 2, 3, 1});
    const auto before = torch::linear(features, of("hidden_weight"), of("hidden_bias"));
    const auto hidden = torch::where(before > 0, before, 0.01 * before);
    return logits + bias + torch::linear(hidden, of("output_weight")).permute({0, 3, 1, 2});
  };
}

/// Logits [2, 3, T, T] of a scheme, rows by query, where they are seen.
torch::Tensor changed_logits(const SchemeUnderTest& test, const torch::Tensor& logits) {
  const torch::NoGradGuard no_grad;
  const int64_t length = logits.size(3);
  const auto change = std::get<LogitChange>(test.bias(torch::zeros({2, length, 12})));
  return change
      .block(logits.flip(2), torch::zeros({2, 3, length, 4}), make_block(0, length, {}),
             change.inputs)
      .flip(2);
}

}  // namespace

TEST_CASE("DAPE equals the dense float64 form, with all gradients", "[position]") {
  for (const auto& [name, bias_at] : std::vector<std::pair<std::string, DenseBias>>{
           {"none", no_bias}, {"alibi", alibi_bias}, {"kerple_log", kerple_bias}}) {
    CAPTURE(name);
    // At uneven positions ALiBi's bias of 125 would be rounded by more than the tolerance.
    check_at(counted, drawn_scheme(dape_options(name)), dense_logits(bias_at), {.size = 1e-3});
  }
}

TEST_CASE("DAPE's network has a slope of 0.01 below zero", "[position]") {
  const auto test = drawn_scheme(dape_options("none", 1));
  const torch::NoGradGuard no_grad;
  const auto weights = test.parameters();
  weights[0].zero_()[0][0] = 2;  // hidden = leaky(2 a_0 + 1)
  weights[1].fill_(1);
  weights[2].copy_(torch::tensor({10.0, 0.0, -1.0}).unsqueeze(1));
  auto logits = torch::zeros({2, 3, 2, 2});
  logits.select(1, 0).copy_(torch::tensor({{3.0, 0.0}, {-3.0, 0.5}}).expand({2, 2, 2}));
  const auto change = (changed_logits(test, logits) - logits)[0];
  CHECK(change[0][0][0].item<double>() == Approx(70));    // 10 leaky(7)
  CHECK(change[0][1][0].item<double>() == Approx(-0.5));  // 10 leaky(-5)
  CHECK(change[0][1][1].item<double>() == Approx(20));    // 10 leaky(2)
  CHECK(change[1].abs().max().item<double>() == 0);       // head 1 takes nothing of it
  CHECK(change[2][1][0].item<double>() == Approx(0.05));  // head 2 sees head 0's logits
}

TEST_CASE("DAPE with an idle network is the scheme whose bias it takes", "[position]") {
  for (const std::string name : {"none", "alibi", "kerple_log", "fire"}) {
    CAPTURE(name);
    const auto test = drawn_scheme(dape_options(name));
    PositionOptions options;
    options.scheme = name;
    const auto base = drawn_scheme(options);
    const torch::NoGradGuard no_grad;
    test.parameters()[2].zero_();
    const auto copies = base->named_parameters();
    for (const auto& item : test->named_parameters()) {
      if (item.key().find("base.") == 0) copies[item.key().substr(5)].copy_(item.value());
    }
    const SchemeInputs inputs = random_inputs(kNarrowShape, 2, 80);
    CHECK(largest_difference(test.attend(inputs), base.attend(inputs)) < 2e-6);
  }
}

TEST_CASE("Gradients reach the scheme under DAPE", "[position]") {
  const auto test = drawn_scheme(dape_options("fire"));
  const SchemeInputs inputs = random_inputs(kNarrowShape, 2, 80);
  test.attend(inputs, counted(80), {}, 16).square().sum().backward();
  const auto parameters = test->named_parameters();
  for (const char* name : {"log_c", "hidden_weight", "hidden_bias", "output_weight"}) {
    CAPTURE(name);
    const auto gradient = parameters["base.layers.1." + std::string(name)].grad();
    REQUIRE(gradient.defined());
    CHECK(gradient.norm().item<double>() > 1e-3);
  }
}

TEST_CASE("DAPE's network sees the bias as well as the logits", "[position]") {
  const auto test = drawn_scheme(dape_options("alibi", 1));
  const torch::NoGradGuard no_grad;
  const auto weights = test.parameters();
  weights[0].zero_()[0][3 + 2] = -4;  // hidden = leaky(-4 b_2) = distance, for slope 1/4
  weights[1].zero_();
  weights[2].copy_(torch::tensor({1.0, 0.0, 0.0}).unsqueeze(1));
  const auto logits = torch::zeros({2, 3, 9, 9});
  const auto changed = changed_logits(test, logits)[1];
  CHECK(changed[0][8][1].item<double>() == Approx(7 - 7 * 0.0625));
  CHECK(changed[1][8][1].item<double>() == Approx(-7 * 0.00390625));
}

TEST_CASE("DAPE mixes heads: what one head's keys say moves the others", "[position]") {
  const auto test = drawn_scheme(dape_options("alibi"));
  const torch::NoGradGuard no_grad;
  SchemeInputs inputs = random_inputs(kNarrowShape, 1, 20);
  const auto before = test.attend(inputs);
  inputs.keys = inputs.keys.clone();
  inputs.keys.select(1, 0).mul_(-2);
  const auto after = test.attend(inputs);
  CHECK(largest_difference(after.select(1, 1), before.select(1, 1)) > 1e-2);
  CHECK(largest_difference(after.select(1, 2), before.select(1, 2)) > 1e-2);
}

TEST_CASE("DAPE leaks nothing from later tokens", "[position]") {
  check_nothing_leaks(drawn_scheme(dape_options("alibi")));
}

TEST_CASE("DAPE's gradients stay finite under windows and long distances", "[position]") {
  // The trap: masked before the network, minus infinity makes NaN of its gradients.
  const auto test = drawn_scheme(dape_options("alibi"));
  const SchemeInputs inputs = leaves(random_inputs(kNarrowShape, 1, 300), torch::kFloat32);
  test.attend(inputs, counted(300), {.window = 5, .sinks = 1}, 16).sum().backward();
  CHECK(inputs.queries.grad().isfinite().all().item<bool>());
  for (const auto& parameter : test.parameters()) {
    CHECK(parameter.grad().isfinite().all().item<bool>());
  }
}

TEST_CASE("DAPE draws a network a layer within the bounds of its inputs", "[position]") {
  const auto test = drawn_scheme(dape_options("alibi", 50));
  test->reset_parameters();
  const auto parameters = test->named_parameters();
  CHECK(parameters.size() == 6);
  const auto check_uniform = [&](const std::string& name, at::IntArrayRef sizes, double bound) {
    CAPTURE(name);
    REQUIRE(parameters[name].sizes() == sizes);
    const double largest = parameters[name].abs().max().item<double>();
    CHECK(largest <= bound);
    CHECK(largest > 0.9 * bound);  // of 50 draws and more, one is likely (99.5 %) within a tenth
  };
  for (const std::string layer : {"layers.0.", "layers.1."}) {
    check_uniform(layer + "hidden_weight", {50, 6}, 0.40824829);  // 1 / sqrt(2 H)
    check_uniform(layer + "hidden_bias", {50}, 0.40824829);
    check_uniform(layer + "output_weight", {3, 50}, 0.14142136);  // 1 / sqrt(W)
  }
}

TEST_CASE("DAPE refuses a bias or a width it does not have", "[position]") {
  PositionOptions options;
  OptionSet set;
  options.declare(set);
  CHECK_THROWS_AS(set.read_command_line({"--position.dape.bias", "kerpel"}), UserError);
  CHECK_THROWS_AS(set.read_command_line({"--position.dape.width", "0"}), UserError);
}

}  // namespace lengthwise
