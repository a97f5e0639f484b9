#include "position/t5_bias.h"

#include "base/error.h"
#include "position/dense_check.h"

namespace lengthwise {
namespace {

std::vector<int64_t> buckets_of(const std::vector<double>& distances, int64_t buckets,
                                int64_t max_distance) {
  const auto found = t5_buckets(torch::tensor(distances, torch::kFloat64), buckets, max_distance);
  return {found.data_ptr<int64_t>(), found.data_ptr<int64_t>() + found.numel()};
}

/// The first distance of each of T5's buckets 16 ... 31: the whole number at or above 16 x
/// 8^(k/16).
const std::vector<double> kFirstDistances = {16, 19, 21, 24, 27, 31, 35, 40,
                                             46, 52, 59, 67, 77, 87, 99, 113};

/// The bucket by counting the boundaries passed.
torch::Tensor dense_bias(const torch::Tensor& positions, const Parameters& parameters) {
  const auto distances = pair_distances(positions);
  auto buckets = distances.clamp_max(15);
  for (double first : kFirstDistances) buckets += distances.ge(first).to(torch::kFloat64);
  const auto one_hot = torch::one_hot(buckets.to(torch::kInt64), 32).to(torch::kFloat64);
  return torch::matmul(one_hot, parameters.at("table")).permute({2, 0, 1});
}

}  // namespace

TEST_CASE("T5's causal buckets: 16 of one distance, 16 up to 128, all of them for the past",
          "[position]") {
  for (int64_t distance = 0; distance < 16; ++distance) {
    CHECK(buckets_of({static_cast<double>(distance)}, 32, 128).front() == distance);
  }
  for (size_t k = 0; k < kFirstDistances.size(); ++k) {
    CAPTURE(k);
    CHECK(buckets_of({kFirstDistances[k] - 1, kFirstDistances[k]}, 32, 128) ==
          std::vector<int64_t>{15 + static_cast<int64_t>(k), 16 + static_cast<int64_t>(k)});
  }
  CHECK(buckets_of({127, 128, 129, 1e6}, 32, 128) == std::vector<int64_t>{31, 31, 31, 31});
}

TEST_CASE("A distance exactly on the boundary of a T5 bucket belongs to the upper one",
          "[position]") {
  // 16 x 16^(k/16) is whole at k = 4, 8, 12; log(2) / log(16) x 16 need not come out as 4.
  CHECK(buckets_of({31, 32, 63, 64, 127, 128}, 32, 256) ==
        std::vector<int64_t>{19, 20, 23, 24, 27, 28});
  // 8 x 64^(k/8): 8 x 2^(6k/8) is whole at k = 4; 4 x 1024^(k/4) at k = 2.
  CHECK(buckets_of({63, 64}, 16, 512) == std::vector<int64_t>{11, 12});
  CHECK(buckets_of({127, 128}, 8, 4096) == std::vector<int64_t>{5, 6});
}

TEST_CASE("The T5 bias equals its dense form, with its gradients", "[position]") {
  const auto scheme = scheme_named("t5_bias");
  check_everywhere(scheme, added(dense_bias));
  check_finite_differences(scheme, added(dense_bias));
  check_nothing_leaks(scheme);
}

TEST_CASE("T5's table is one for all layers", "[position]") {
  const auto scheme = scheme_named("t5_bias");
  REQUIRE(scheme->named_parameters().size() == 1);
  CHECK(scheme->named_parameters()["table"].sizes() == torch::IntArrayRef({32, 3}));
  const auto first = std::get<DistanceBias>(bias_of(*scheme, counted(200), 0)).value;
  CHECK(torch::equal(first, std::get<DistanceBias>(bias_of(*scheme, counted(200), 1)).value));
  // Gradients of the layers add up.
  (first.sum() + std::get<DistanceBias>(bias_of(*scheme, counted(200), 1)).value.sum()).backward();
  CHECK(scheme->named_parameters()["table"].grad().sum().item<double>() == 2 * 3 * 200);
}

TEST_CASE("T5's table begins with the spread 1 / sqrt(width)", "[position]") {
  PositionOptions options;
  options.group<T5BiasOptions>().buckets = 4000;
  options.group<T5BiasOptions>().max_distance = 100000;
  const ModelShape shape{.width = 400, .heads = 8, .layers = 1, .train_length = 16};
  const auto table = scheme_named("t5_bias", options, shape)->named_parameters()["table"];
  // 32,000 numbers: the spread's own spread is 0.05 / sqrt(64,000).
  CHECK(table.std().item<double>() == Approx(0.05).epsilon(0.02));
}

TEST_CASE("T5 buckets refuse a largest distance within the exact ones", "[position]") {
  PositionOptions options;
  options.group<T5BiasOptions>().max_distance = 16;
  CHECK_THROWS_AS(kT5Bias.validate(options, kSmallShape), UserError);
  options.group<T5BiasOptions>().max_distance = 17;
  CHECK_NOTHROW(kT5Bias.validate(options, kSmallShape));
  CHECK(buckets_of({15, 16, 17, 99}, 32, 17) == std::vector<int64_t>{15, 16, 31, 31});
}

}  // namespace lengthwise
