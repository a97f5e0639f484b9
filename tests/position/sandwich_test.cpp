#include "position/sandwich.h"

#include "base/error.h"
#include "position/dense_check.h"

namespace lengthwise {
namespace {

/// The inner products themselves: sines and cosines of every position, multiplied.
torch::Tensor inner_products(const torch::Tensor& positions, int64_t width, int64_t heads) {
  std::vector<torch::Tensor> columns;
  for (int64_t i = 0; i < width / 2; ++i) {
    const auto angles =
        positions / std::pow(10000.0, 2.0 * static_cast<double>(i) / static_cast<double>(width));
    columns.push_back(angles.sin());
    columns.push_back(angles.cos());
  }
  const auto embeddings = torch::stack(columns, 1);
  const auto products = torch::matmul(embeddings, embeddings.t());
  std::vector<torch::Tensor> compressed;
  for (int64_t head = 1; head <= heads; ++head) {
    compressed.push_back(products / (8.0 * static_cast<double>(head) / static_cast<double>(heads)));
  }
  return torch::stack(compressed);
}

PositionOptions with_width(int64_t width) {
  PositionOptions options;
  options.group<SandwichOptions>().width = width;
  return options;
}

torch::Tensor by_distance(int64_t width, int64_t heads, int64_t length) {
  const ModelShape shape{.width = heads, .heads = heads, .layers = 2, .train_length = 16};
  const auto scheme = scheme_named("sandwich", with_width(width), shape);
  return std::get<DistanceBias>(bias_of(*scheme, counted(length))).value;
}

}  // namespace

TEST_CASE("Sandwich is a sum of cosines of the distance, compressed by 8h/H", "[position]") {
  // W = 4: frequencies 1 and 1/100; 8 heads: compressions 1 ... 8. cos 3 + cos 0.03 - 2.
  const auto bias = by_distance(4, 8, 4);
  for (int64_t head = 0; head < 8; ++head) {
    CAPTURE(head);
    CHECK(bias[head][3].item<double>() ==
          Approx(-1.9904424629 / static_cast<double>(head + 1)).epsilon(1e-7));
    CHECK(bias[head][0].item<double>() == 0);
  }
  // Two heads: compressions 4 and 8. cos 1 + cos 0.01 - 2.
  CHECK(by_distance(4, 2, 2)[0][1].item<double>() == Approx(-0.4597476937 / 4).epsilon(1e-7));
}

TEST_CASE("Sandwich equals attention with the inner products of sinusoidal embeddings",
          "[position]") {
  for (int64_t width : {2, 10, 128}) {
    DYNAMIC_SECTION("width " << width) {
      const auto scheme = scheme_named("sandwich", with_width(width));
      check_everywhere(scheme, added([width](const torch::Tensor& positions, const Parameters&) {
                         return inner_products(positions, width, kSmallShape.heads);
                       }));
    }
  }
  check_nothing_leaks(scheme_named("sandwich"));
}

TEST_CASE("Sandwich has the paper's 128 dimensions whatever the model's width", "[position]") {
  const auto scheme = scheme_named("sandwich");
  const auto bias = std::get<DistanceBias>(bias_of(*scheme, counted(50))).value;
  const auto positions = torch::arange(50, torch::kFloat64);
  const auto expected = inner_products(positions, 128, 3).select(2, 0);  // of key 0, by query
  CHECK(largest_difference(bias, expected - expected.slice(1, 0, 1)) < 5e-6);
  CHECK(scheme->named_parameters().is_empty());
}

TEST_CASE("Sandwich falls with the logarithm of the distance", "[position]") {
  // The pattern the paper names: on average each doubling takes as much away, where ALiBi's would
  // double. 64 cosines over 4 decades of wavelength: 64 ln 2 / ln 10000 = 4.82 a doubling.
  const auto bias = by_distance(128, 8, 4096)[0];
  for (int64_t distance = 4; distance <= 1024; distance *= 2) {
    CAPTURE(distance);
    const auto nearer = bias.slice(0, distance, 2 * distance).mean();
    const auto farther = bias.slice(0, 2 * distance, 4 * distance).mean();
    CHECK((nearer - farther).item<double>() == Approx(4.82).margin(0.3));
  }
}

TEST_CASE("Sandwich refuses an odd width", "[position]") {
  CHECK_THROWS_AS(kSandwich.validate(with_width(127), kSmallShape), UserError);
  CHECK_NOTHROW(kSandwich.validate(with_width(126), kSmallShape));
}

}  // namespace lengthwise
