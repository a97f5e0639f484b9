#include "position/fire.h"

#include "position/dense_check.h"

namespace lengthwise {
namespace {

torch::Tensor dense_of_layer(const torch::Tensor& positions, const Parameters& parameters,
                             int64_t layer) {
  const auto of = [&](const std::string& name) {
    return parameters.at("layers." + std::to_string(layer) + "." + name);
  };
  const auto c = of("log_c").exp(), threshold = of("log_threshold").exp();
  const auto reach = torch::where(positions > threshold, positions, threshold).unsqueeze(1);
  const auto x = torch::log(c * pair_distances(positions) + 1) / torch::log(c * reach + 1);
  // [T, T, W], as a network over the last dimension reads.
  const auto hidden = (x.unsqueeze(2) * of("hidden_weight") + of("hidden_bias")).clamp_min(0);
  return torch::matmul(hidden, of("output_weight").t()).permute({2, 0, 1});
}

torch::Tensor dense_bias(const torch::Tensor& positions, const Parameters& parameters) {
  return dense_of_layer(positions, parameters, kLayer);
}

/// f(x) = x for every head: the block shows psi(i - j) / psi(max(L, i)).
SchemeUnderTest with_identity(double c, double threshold) {
  PositionOptions options;
  options.group<FireOptions>().width = 1;
  const auto scheme = scheme_named("fire", options);
  const torch::NoGradGuard no_grad;
  auto parameters = scheme->named_parameters();
  parameters["layers.1.log_c"].fill_(std::log(c));
  parameters["layers.1.log_threshold"].fill_(std::log(threshold));
  parameters["layers.1.hidden_weight"].fill_(1);
  parameters["layers.1.hidden_bias"].zero_();
  parameters["layers.1.output_weight"].fill_(1);
  return scheme;
}

/// The bias of the first head for each pair of positions. [T, T], rows in rising order.
torch::Tensor all_pairs(const PositionScheme& scheme, const Positions& positions) {
  const auto bias = std::get<PairBias>(bias_of(scheme, positions));
  const auto block = make_block(0, positions.values.size(0), {});
  return bias.block(block, bias.inputs).detach()[0][0].flip(0);
}

}  // namespace

TEST_CASE("FIRE normalises the distance by the query's position, or by the threshold below it",
          "[position]") {
  const auto bias = all_pairs(*with_identity(1, 3), counted(10));
  // ln(1 + 5) / ln(1 + 9); ln(1 + 2) / ln(1 + 3), for both queries 2 and 3 divide by psi(3).
  CHECK(bias[9][4].item<double>() == Approx(0.7781512504).epsilon(1e-6));
  CHECK(bias[3][1].item<double>() == Approx(0.7924812504).epsilon(1e-6));
  CHECK(bias[2][0].item<double>() == Approx(0.7924812504).epsilon(1e-6));
  CHECK(bias[9][0].item<double>() == 1);
  // A threshold beyond the window: ln 6 / ln 100.
  CHECK(all_pairs(*with_identity(1, 99), counted(10))[9][4].item<double>() ==
        Approx(0.3890756251).epsilon(1e-6));
}

TEST_CASE("FIRE's bias is no function of the distance alone", "[position]") {
  const auto bias = all_pairs(*with_identity(0.1, 4), counted(64));
  CHECK(bias[10][5].item<double>() > bias[60][55].item<double>() + 0.05);
}

TEST_CASE("FIRE at a million positions loses nothing to rounding", "[position]") {
  const auto positions =
      Positions{torch::tensor({0.0, 999998.0, 999999.0, 1e6}), std::nullopt, 1e6 + 1};
  const auto bias = all_pairs(*with_identity(0.1, 4), positions);
  // ln 1.1 and ln 1.2 over ln 100001.
  CHECK(bias[3][2].item<double>() == Approx(0.0082785298).epsilon(1e-6));
  CHECK(bias[3][1].item<double>() == Approx(0.0158362345).epsilon(1e-6));
}

TEST_CASE("FIRE equals its dense form, with the gradients of its network, c and threshold",
          "[position]") {
  PositionOptions options;
  options.group<FireOptions>().threshold =
      0.7;  // of 16: between two positions, where max has one slope
  const auto scheme = scheme_named("fire", options);
  check_everywhere(scheme, added(dense_bias));
  check_finite_differences(scheme, added(dense_bias));
  check_nothing_leaks(scheme);
}

TEST_CASE("FIRE's options are its initial c, threshold, width and sharing", "[position]") {
  const auto each = scheme_named("fire")->named_parameters();
  CHECK(each.size() == 10);
  CHECK(each["layers.0.log_c"].exp().item<double>() == Approx(0.1));
  CHECK(each["layers.1.log_threshold"].exp().item<double>() == Approx(4));  // a quarter of 16
  CHECK(each["layers.1.output_weight"].sizes() == torch::IntArrayRef({3, 32}));
  CHECK_FALSE(torch::equal(each["layers.0.hidden_bias"], each["layers.1.hidden_bias"]));

  PositionOptions options;
  options.group<FireOptions>() = {.width = 8, .c = 2, .threshold = 3, .shared = true};
  const auto shared = scheme_named("fire", options);
  const auto one = shared->named_parameters();
  CHECK(one.size() == 5);
  CHECK(one["layers.0.log_c"].exp().item<double>() == Approx(2));
  CHECK(one["layers.0.log_threshold"].exp().item<double>() == Approx(48));
  CHECK(one["layers.0.hidden_weight"].sizes() == torch::IntArrayRef({8}));
  check_against_dense(shared,
                      added([](const torch::Tensor& positions, const Parameters& parameters) {
                        return dense_of_layer(positions, parameters, 0);
                      }),
                      {counted(37), 16});
}

}  // namespace lengthwise
