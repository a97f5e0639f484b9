#include "position/sinusoidal.h"

#include "base/error.h"
#include "position/options.h"
#include "position/scheme.h"
#include "position/scheme_entry.h"
#include "tensor_check.h"
#include "test.h"

namespace lengthwise {
namespace {

torch::Tensor embedding_at(double position, int64_t width, double base) {
  return sinusoidal_embeddings(torch::tensor({position}, torch::kFloat64), width, base)[0];
}

torch::Tensor literal(const std::vector<double>& values) {
  return torch::tensor(values, torch::kFloat64);
}

}  // namespace

TEST_CASE("Sinusoids have the paper's wavelengths, each sine next to its cosine", "[position]") {
  // Half a unit in the last place of a float32 below 1.
  constexpr double kRounding = 3.1e-8;
  CHECK(largest_difference(embedding_at(0, 4, 10000), literal({0, 1, 0, 1})) == 0);
  CHECK(largest_difference(embedding_at(1, 4, 10000),
                           literal({0.8414709848, 0.5403023059, 0.0099998333, 0.9999500004})) <
        kRounding);
  CHECK(largest_difference(embedding_at(2, 4, 10000),
                           literal({0.9092974268, -0.4161468365, 0.0199986667, 0.9998000067})) <
        kRounding);
  CHECK(largest_difference(embedding_at(3, 6, 10000),
                           literal({0.1411200081, -0.9899924966, 0.1387981011, 0.9903206991,
                                    0.0064632591, 0.9999791129})) < kRounding);
}

TEST_CASE("Sinusoids are exact at the millionth position", "[position]") {
  CHECK(largest_difference(embedding_at(1e6, 4, 10000),
                           literal({-0.3499935022, 0.9367521275, -0.3056143889, -0.9521553683})) <
        3.1e-8);
}

TEST_CASE("The base of the sinusoids sets their wavelengths", "[position]") {
  // 100^(-2/4) = 1/10
  CHECK(largest_difference(embedding_at(10, 4, 100),
                           literal({-0.5440211109, -0.8390715291, 0.8414709848, 0.5403023059})) <
        3.1e-8);
}

TEST_CASE("Sinusoids are added to the embeddings of every row", "[position]") {
  PositionOptions options;
  options.group<SinusoidalOptions>().base = 100;
  const ModelShape shape{.width = 4, .heads = 1, .layers = 1, .train_length = 16};
  const auto scheme = kSinusoidal.make(options, shape);
  const auto embeddings = torch::full({2, 11, 4}, 0.5);
  const auto moved = scheme->apply_to_embeddings(embeddings, scheme->positions(11, 0));
  for (int64_t row = 0; row < 2; ++row) {
    CHECK(largest_difference(moved[row][10], 0.5 + embedding_at(10, 4, 100)) < 1e-7);
  }
}

TEST_CASE("Sinusoids refuse an odd width", "[position]") {
  const ModelShape odd{.width = 15, .heads = 3, .layers = 1, .train_length = 16};
  CHECK_THROWS_AS(kSinusoidal.validate(PositionOptions{}, odd), UserError);
  const ModelShape even{.width = 18, .heads = 3, .layers = 1, .train_length = 16};
  CHECK_NOTHROW(kSinusoidal.validate(PositionOptions{}, even));
}

}  // namespace lengthwise
