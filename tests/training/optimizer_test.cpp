#include "training/optimizer.h"

#include <cmath>
#include <functional>
#include <map>

#include "tensor_check.h"
#include "test.h"
#include "training/options.h"

namespace lengthwise {
namespace {

constexpr int64_t kSteps = 20;

/// One number and what an update rule remembers of it.
struct Scalar {
  double value, mean = 0, square = 0, velocity = 0;
};

/// A rule in float64 for one number: (number, gradient, learning rate, step from 1, decay).
using Rule = std::function<void(Scalar&, double, double, int64_t, double)>;

/// Loshchilov and Hutter 2019, algorithm 2, with eta = 1 and alpha lambda for the decay, which is
/// how libraries read it.
Rule adamw_rule(const TrainingOptions& options) {
  return [options](Scalar& x, double gradient, double rate, int64_t step, double decay) {
    const auto t = static_cast<double>(step);
    x.mean = options.beta1 * x.mean + (1 - options.beta1) * gradient;
    x.square = options.beta2 * x.square + (1 - options.beta2) * gradient * gradient;
    const double mean = x.mean / (1 - std::pow(options.beta1, t));
    const double square = x.square / (1 - std::pow(options.beta2, t));
    x.value -= rate * (mean / (std::sqrt(square) + options.epsilon) + decay * x.value);
  };
}

/// Nesterov momentum in the form that holds the point looked ahead to.
Rule sgd_rule(const TrainingOptions& options) {
  return [options](Scalar& x, double gradient, double rate, int64_t, double decay) {
    x.velocity = options.momentum * x.velocity + gradient;
    x.value -= rate * (gradient + options.momentum * x.velocity + decay * x.value);
  };
}

/// As fairseq has it; the velocity holds the rate.
Rule nag_rule(const TrainingOptions& options) {
  return [options, before = std::map<int64_t, double>()](Scalar& x, double gradient, double rate,
                                                         int64_t step, double decay) mutable {
    before[step] = rate;
    const double change = step > 1 ? rate / before[step - 1] : 1;
    const double mu = options.momentum;
    x.value -= rate * decay * x.value;
    x.value += mu * mu * change * x.velocity - (1 + mu) * rate * gradient;
    x.velocity = mu * change * x.velocity - rate * gradient;
  };
}

NamedTensors matrix_and_vector() {
  torch::manual_seed(1);
  return {{"matrix", torch::randn({3, 4}).requires_grad_()},
          {"vector", torch::randn({5}).requires_grad_()}};
}

void set_gradient(torch::Tensor& parameter, const torch::Tensor& gradient) {
  parameter.mutable_grad() = gradient;
}

double rate_at(int64_t step) {
  return 0.05 / static_cast<double>(1 + step);
}

/// 20 steps of random gradients under falling learning rates, against the rule number by number.
void check_against(const TrainingOptions& options, const Rule& rule) {
  NamedTensors parameters = matrix_and_vector();
  std::map<std::string, std::vector<Scalar>> expected;
  for (const auto& [name, parameter] : parameters) {
    const auto values = parameter.detach().flatten();
    for (int64_t i = 0; i < values.numel(); ++i) {
      expected[name].push_back({.value = values[i].item<double>()});
    }
  }
  const auto optimizer = make_optimizer(options, parameters);
  for (int64_t step = 0; step < kSteps; ++step) {
    for (auto& [name, parameter] : parameters) {
      const auto gradient = torch::randn_like(parameter.detach());
      set_gradient(parameter, gradient);
      const double decay = name == "matrix" ? options.weight_decay : 0;
      for (size_t i = 0; i < expected[name].size(); ++i) {
        rule(expected[name][i], gradient.flatten()[static_cast<int64_t>(i)].item<double>(),
             rate_at(step), step + 1, decay);
      }
    }
    optimizer->update(rate_at(step), step);
  }
  for (const auto& [name, parameter] : parameters) {
    CAPTURE(name);
    std::vector<double> values;
    for (const Scalar& scalar : expected[name]) values.push_back(scalar.value);
    CHECK(largest_difference(parameter.detach().flatten(), torch::tensor(values, torch::kFloat64)) <
          3e-6);
  }
}

TrainingOptions options_of(const std::string& optimizer) {
  TrainingOptions options;
  options.optimizer = optimizer;
  options.weight_decay = 0.3;
  return options;
}

}  // namespace

TEST_CASE("AdamW follows the paper, with decay on matrices alone", "[training]") {
  TrainingOptions options = options_of("adamw");
  check_against(options, adamw_rule(options));
  options.beta1 = 0.5;
  options.beta2 = 0.9;
  options.epsilon = 0.1;
  check_against(options, adamw_rule(options));
  options.weight_decay = 0;
  check_against(options, adamw_rule(options));
}

TEST_CASE("SGD follows the look-ahead form of Nesterov momentum, with decay on matrices alone",
          "[training]") {
  TrainingOptions options = options_of("sgd");
  check_against(options, sgd_rule(options));
  options.momentum = 0;
  check_against(options, sgd_rule(options));
  options.weight_decay = 0;
  check_against(options, sgd_rule(options));
}

TEST_CASE("NAG follows fairseq's rule under falling learning rates, with decay on matrices alone",
          "[training]") {
  TrainingOptions options = options_of("nag");
  options.momentum = 0.99;
  check_against(options, nag_rule(options));
  options.momentum = 0;
  options.weight_decay = 0;
  check_against(options, nag_rule(options));
}

TEST_CASE("Three updates of NAG under a changing rate have the values worked out by hand",
          "[training]") {
  // mu = 0.5, p = 1, v = 0.
  //   g = 2, rate 0.1: p = 1 - 1.5 * 0.1 * 2 = 0.7;                        v = -0.2
  //   g = 1, rate 0.2, c = 2: p = 0.7 + 0.25 * 2 * -0.2 - 1.5 * 0.2 = 0.3; v = -0.2 - 0.2 = -0.4
  //   g = -4, rate 0.05, c = 1/4: p = 0.3 + 0.25 / 4 * -0.4 + 1.5 * 0.2 = 0.575
  TrainingOptions options = options_of("nag");
  options.momentum = 0.5;
  options.weight_decay = 0;
  NamedTensors parameters{{"p", torch::ones({1}).requires_grad_()}};
  const auto optimizer = make_optimizer(options, parameters);
  auto& p = parameters.at("p");
  const auto update = [&](double gradient, double rate, int64_t step) {
    set_gradient(p, torch::full({1}, gradient));
    optimizer->update(rate, step);
    return p.item<double>();
  };
  CHECK(update(2, 0.1, 0) == Approx(0.7));
  CHECK(update(1, 0.2, 1) == Approx(0.3));
  CHECK(update(-4, 0.05, 2) == Approx(0.575));
}

TEST_CASE("SGD walks where Nesterov's method as printed looks ahead to", "[training]") {
  // Sutskever et al. 2013, equations 3 and 4, on f(x) = a x^2 / 2:
  //   v' = mu v - rate f'(x + mu v),  x' = x + v'; the point kept here is x + mu v.
  constexpr double kCurvature = 3, kRate = 0.05, kMomentum = 0.9;
  TrainingOptions options = options_of("sgd");
  options.momentum = kMomentum;
  options.weight_decay = 0;
  NamedTensors parameters{{"x", torch::full({1}, 2.0f).requires_grad_()}};
  const auto optimizer = make_optimizer(options, parameters);
  double x = 2, v = 0;
  for (int64_t step = 0; step < kSteps; ++step) {
    v = kMomentum * v - kRate * kCurvature * (x + kMomentum * v);
    x += v;
    auto& parameter = parameters.at("x");
    set_gradient(parameter, parameter.detach() * kCurvature);
    optimizer->update(kRate, step);
    CHECK(parameter.item<double>() == Approx(x + kMomentum * v).margin(1e-6));
  }
}

TEST_CASE("Gradients are clipped by the joint norm of all of them", "[training]") {
  NamedTensors parameters = matrix_and_vector();
  const auto optimizer = make_optimizer(options_of("sgd"), parameters);
  const auto reset = [&] {
    set_gradient(parameters.at("matrix"), torch::full({3, 4}, 1.0f));  // norm sqrt 12
    set_gradient(parameters.at("vector"), torch::full({5}, 2.0f));     // norm sqrt 20
  };
  const double norm = std::sqrt(32.0);

  reset();
  CHECK(optimizer->clip_gradients(0.5).item<double>() == Approx(norm));
  CHECK(largest_difference(parameters.at("matrix").grad(), torch::full({3, 4}, 0.5 / norm)) < 1e-6);
  CHECK(largest_difference(parameters.at("vector").grad(), torch::full({5}, 1 / norm)) < 1e-6);

  for (double longest : {0.0, 6.0}) {  // none asked for; longer than it is
    CAPTURE(longest);
    reset();
    CHECK(optimizer->clip_gradients(longest).item<double>() == Approx(norm));
    CHECK(largest_difference(parameters.at("matrix").grad(), torch::ones({3, 4})) == 0);
    CHECK(largest_difference(parameters.at("vector").grad(), torch::full({5}, 2.0f)) == 0);
  }
}

TEST_CASE("A saved state is the whole of an optimizer", "[training]") {
  for (const std::string& name : optimizer_names()) {
    DYNAMIC_SECTION(name) {
      NamedTensors parameters = matrix_and_vector(), copies = matrix_and_vector();
      const auto optimizer = make_optimizer(options_of(name), parameters);
      const auto resumed = make_optimizer(options_of(name), copies);
      const auto take_step = [](Optimizer& which, NamedTensors& tensors, int64_t step) {
        torch::manual_seed(static_cast<uint64_t>(step));
        for (auto& [key, tensor] : tensors)
          set_gradient(tensor, torch::randn_like(tensor.detach()));
        which.update(0.1, step);
      };
      for (int64_t step = 0; step < 3; ++step) take_step(*optimizer, parameters, step);
      const torch::NoGradGuard no_grad;
      for (auto& [key, tensor] : resumed->state()) tensor.copy_(optimizer->state().at(key));
      for (auto& [key, tensor] : copies) tensor.copy_(parameters.at(key));
      for (int64_t step = 3; step < 6; ++step) {
        take_step(*optimizer, parameters, step);
        take_step(*resumed, copies, step);
      }
      for (const auto& [key, tensor] : parameters) CHECK(torch::equal(tensor, copies.at(key)));
    }
  }
}

TEST_CASE("A parameter that no gradient reached is an error, never skipped", "[training]") {
  NamedTensors parameters = matrix_and_vector();
  const auto optimizer = make_optimizer(options_of("adamw"), parameters);
  for (auto& [name, parameter] : parameters) set_gradient(parameter, torch::ones_like(parameter));
  CHECK_NOTHROW(optimizer->update(0.1, 0));
  optimizer->zero_gradients();
  set_gradient(parameters.at("matrix"), torch::ones({3, 4}));
  CHECK_THROWS_AS(optimizer->update(0.1, 1), c10::Error);
}

}  // namespace lengthwise
