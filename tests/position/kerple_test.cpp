#include "position/kerple.h"

#include "position/dense_check.h"

namespace lengthwise {
namespace {

std::string parameter_name(const std::string& name) {
  return "layers." + std::to_string(kLayer) + "." + name;
}

torch::Tensor per_head(const Parameters& parameters, const std::string& name) {
  return parameters.at(parameter_name(name)).view({-1, 1, 1});
}

torch::Tensor dense_log(const torch::Tensor& positions, const Parameters& parameters) {
  const auto r1 = torch::exp(per_head(parameters, "log_r1"));
  const auto r2 = torch::exp(per_head(parameters, "log_r2"));
  return -r1 * torch::log(1 + r2 * pair_distances(positions));
}

torch::Tensor dense_power(const torch::Tensor& positions, const Parameters& parameters) {
  const auto r1 = torch::exp(per_head(parameters, "log_r1"));
  const auto r2 = 2 / (1 + torch::exp(-per_head(parameters, "logit_r2")));
  const auto distances = pair_distances(positions);
  // 0^r2 is 0 whatever r2 > 0; the logarithm must not see it.
  const auto powers = torch::exp(r2 * torch::log(distances.clamp_min(1)));
  return -r1 * powers * distances.gt(0);
}

void set(PositionScheme& scheme, const std::string& name, const std::vector<double>& values) {
  const torch::NoGradGuard no_grad;
  scheme.named_parameters()[parameter_name(name)].copy_(torch::tensor(values, torch::kFloat64));
}

torch::Tensor by_distance(const PositionScheme& scheme, int64_t length) {
  return std::get<DistanceBias>(bias_of(scheme, counted(length))).value.detach();
}

}  // namespace

TEST_CASE("KERPLE's kernels have the values of the paper's formulas", "[position]") {
  const auto log = scheme_named("kerple_log");
  set(*log, "log_r1", {std::log(0.5), 0, std::log(2)});
  set(*log, "log_r2", {std::log(2), 0, std::log(0.1)});
  // -0.5 ln(1 + 2 x 3), -ln(1 + 3), -2 ln(1 + 0.3).
  const auto log_values = by_distance(*log, 4).select(1, 3);
  CHECK(largest_difference(log_values, torch::tensor({-0.97295507, -1.38629436, -0.52472853})) <
        3e-7);

  const auto power = scheme_named("kerple_power");
  set(*power, "log_r1", {std::log(0.1), 0, std::log(2)});
  set(*power, "logit_r2", {std::log(3), 0, -std::log(3)});  // r2 = 1.5, 1, 0.5
  const auto power_values = by_distance(*power, 5).select(1, 4);
  CHECK(largest_difference(power_values, torch::tensor({-0.8, -4.0, -4.0})) < 1e-6);
  CHECK(largest_difference(by_distance(*power, 5).select(1, 0), torch::zeros({3})) == 0);
}

TEST_CASE("KERPLE's logarithm equals its dense form, with its gradients", "[position]") {
  const auto scheme = scheme_named("kerple_log");
  check_everywhere(scheme, added(dense_log));
  check_finite_differences(scheme, added(dense_log));
  check_nothing_leaks(scheme);
}

TEST_CASE("KERPLE's power equals its dense form, with its gradients, distance 0 included",
          "[position]") {
  const auto scheme = scheme_named("kerple_power");
  check_everywhere(scheme, added(dense_power));
  check_finite_differences(scheme, added(dense_power));
  check_nothing_leaks(scheme);
}

TEST_CASE("KERPLE's bounds hold wherever training takes the parameters", "[position]") {
  for (const std::string name : {"kerple_log", "kerple_power"}) {
    DYNAMIC_SECTION(name) {
      const auto scheme = scheme_named(name);
      set(*scheme, "log_r1", {-20, 0, 3});
      set(*scheme, name == "kerple_log" ? "log_r2" : "logit_r2", {-20, 30, 30});
      const auto bias = by_distance(*scheme, 300);
      CHECK(bias.isfinite().all().item<bool>());
      CHECK((bias <= 0).all().item<bool>());
      if (name == "kerple_power") CHECK(bias[1][7].item<double>() == Approx(-49));  // r2 = 2
    }
  }
}

TEST_CASE("KERPLE's initial values are those of the authors' code, for each head and layer",
          "[position]") {
  const ModelShape shape{.width = 5000, .heads = 5000, .layers = 2, .train_length = 16};
  const auto log = scheme_named("kerple_log", {}, shape)->named_parameters();
  const auto power = scheme_named("kerple_power", {}, shape)->named_parameters();
  REQUIRE(log.size() == 4);
  REQUIRE(power.size() == 4);
  const auto check_uniform = [](const torch::Tensor& values, double least, double most) {
    CHECK(values.sizes() == torch::IntArrayRef({5000}));
    CHECK(values.min().item<double>() == Approx(least).margin(2e-3));
    CHECK(values.max().item<double>() == Approx(most).margin(2e-3));
    // The mean of 5,000 uniform numbers is within 0.4 % of the range, one time in three.
    CHECK(values.mean().item<double>() == Approx((least + most) / 2).margin(0.02 * most));
  };
  check_uniform(log["layers.0.log_r1"].exp(), 0.01, 2);
  check_uniform(log["layers.1.log_r2"].exp(), 0.01, 1);
  check_uniform(power["layers.0.log_r1"].exp(), 0.01, 1);
  check_uniform(2 * power["layers.1.logit_r2"].sigmoid(), 0.01, 1.99);
  CHECK_FALSE(torch::equal(log["layers.0.log_r1"], log["layers.1.log_r1"]));
}

TEST_CASE("KERPLE keeps neighbouring distances apart at 65,536 positions", "[position]") {
  // Distances cast to a 16-bit type before the kernel, as in public code, would merge.
  const auto scheme = scheme_named("kerple_log");
  set(*scheme, "log_r1", {0, 0, 0});
  set(*scheme, "log_r2", {0, 0, 0});
  constexpr int64_t kLength = 65536;
  const auto expected = -torch::log(torch::arange(1, kLength + 1, torch::kFloat64));
  CHECK(largest_difference(by_distance(*scheme, kLength)[0], expected) < 5e-7);
}

}  // namespace lengthwise
