#include "position/fourier.h"

#include <numbers>

#include "position/dense_check.h"
#include "position/rotary_check.h"
#include "test.h"
#include "user_error_text.h"

namespace lengthwise {
namespace {

/// Heads of width 8, base 100: pairs turn by 1, 0.316, 0.1 and 0.0316 a token, the first two of
/// them a circle in 32.
constexpr ModelShape kShape{.width = 24, .heads = 3, .layers = 2, .train_length = 32};

PositionOptions fope_options(double gain, int64_t seed = 0) {
  PositionOptions options;
  options.scheme = "fope";
  options.group<FourierOptions>() = {.base = 100, .gain = gain, .seed = seed};
  return options;
}

/// As the scheme drew them: [2, H, 2, 2].
torch::Tensor mixes(const SchemeUnderTest& test) {
  return test->named_buffers()["mixes"];
}

/// cos and sin of each pair as sums over the pairs kept, then four products a pair.
DenseLogits dense_logits(const torch::Tensor& mix) {
  return [mix](const DenseInputs& inputs) {
    const auto angles = torch::outer(inputs.positions,
                                     torch::tensor({1.0, std::pow(100.0, -0.25)}, torch::kFloat64));
    const auto mixed = [&](const torch::Tensor& waves, int64_t kind) {
      return torch::einsum("ti,hin->htn", {waves, mix[kind]});
    };
    const auto cosine = mixed(angles.cos(), 0), sine = mixed(angles.sin(), 1);
    const auto turned = [&](const torch::Tensor& x) {
      std::vector<torch::Tensor> parts;
      for (int64_t n = 0; n < 8; ++n) {
        const int64_t pair = n % 4, other = n < 4 ? n + 4 : n - 4;
        if (pair >= 2) {
          parts.push_back(x.select(3, n));
          continue;
        }
        const double sign = n < 4 ? -1 : 1;
        parts.push_back(x.select(3, n) * cosine.select(2, pair) +
                        sign * x.select(3, other) * sine.select(2, pair));
      }
      return torch::stack(parts, 3);
    };
    return scaled_products(turned(inputs.queries), turned(inputs.keys));
  };
}

}  // namespace

TEST_CASE("FoPE equals the dense float64 form, with all gradients", "[position]") {
  const auto test = scheme_named("fope", fope_options(0.5), kShape);
  check_everywhere(test, dense_logits(mixes(test)));
  check_nothing_leaks(test);
}

TEST_CASE("FoPE without mixing is rotary on the pairs that turn a circle in the train length",
          "[position]") {
  const auto test = scheme_named("fope", fope_options(0), kShape);
  const auto plain = rotary_logits("half", {.frequencies = {1, std::pow(100.0, -0.25), 0, 0}});
  check_everywhere(test, plain);
}

TEST_CASE("FoPE's mixes are the identity and a draw of gain over the root of the pairs kept",
          "[position]") {
  const ModelShape wide{.width = 512, .heads = 4, .layers = 1, .train_length = 1 << 20};
  PositionOptions options = fope_options(0.6);
  const auto drawn = mixes(scheme_named("fope", options, wide)) - torch::eye(64);
  REQUIRE(drawn.sizes() == torch::IntArrayRef({2, 4, 64, 64}));
  CHECK(drawn.std().item<double>() == Approx(0.6 / 8).epsilon(0.02));
  CHECK(std::abs(drawn.mean().item<double>()) < 2e-3);
  CHECK_FALSE(torch::equal(drawn[0], drawn[1]));
  CHECK_FALSE(torch::equal(drawn[0][0], drawn[0][1]));
  options = fope_options(0.6, 1);
  CHECK_FALSE(torch::equal(mixes(scheme_named("fope", options, wide)) - torch::eye(64), drawn));
}

TEST_CASE("FoPE turns nothing where no pair turns a circle in the train length", "[position]") {
  ModelShape brief = kShape;
  brief.train_length = 6;  // 2 pi tokens are a circle of the fastest
  const auto test = scheme_named("fope", fope_options(0.5), brief);
  const SchemeInputs inputs = random_inputs(brief, 1, 20);
  CHECK(largest_difference(test.attend(inputs), scheme_named("none").attend(inputs)) < 1e-6);
}

TEST_CASE("FoPE refuses heads of an odd width", "[position]") {
  const ModelShape odd{.width = 21, .heads = 3, .layers = 1, .train_length = 32};
  CHECK(user_error_text([&] { fope_options(0.3).validate(odd); }).find("must be even") !=
        std::string::npos);
}

}  // namespace lengthwise
