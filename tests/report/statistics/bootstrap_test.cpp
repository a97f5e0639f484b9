#include "report/statistics/bootstrap.h"

#include <cmath>

#include "report/statistics/simulated_losses.h"
#include "test.h"

using namespace lengthwise;

namespace {

constexpr size_t kBlocks = 32;

const std::vector<double> kEqual(kBlocks, kTokensABlock);

}  // namespace

TEST_CASE("The interval of a mean over correlated tokens covers the truth 95 % of the time",
          "[report]") {
  const BlockDraws draws(kBlocks);
  const double covered = coverage(2000, 2.0, [&](SplitMix64& random) {
    return *estimate(block_mean({correlated_sums(random, 2, kBlocks)}, kEqual, 0), draws).interval;
  });
  INFO("covered " << covered);
  CHECK(covered >= 0.93);
  CHECK(covered <= 0.97);
}

TEST_CASE("The interval of a paired difference covers the truth 95 % of the time", "[report]") {
  const BlockDraws draws(kBlocks);
  double width = 0, unpaired_width = 0;
  const double covered = coverage(2000, 0.25, [&](SplitMix64& random) {
    // Both rows find the same tokens hard; what one loses more is shared within a block as well.
    const std::vector<double> common = correlated_sums(random, 2, kBlocks);
    std::vector<double> other = common;
    for (double& sum : other) {
      sum += kTokensABlock * (0.25 + 0.05 * normal(random)) + 0.8 * normal(random);
    }
    const BlockMean a = block_mean({other}, kEqual, 0);
    const BlockMean b = block_mean({common}, kEqual, 1);
    const Estimate difference = estimate(a - b, draws);
    width += difference.interval->hi - difference.interval->lo;
    const Interval unpaired = *estimate(a, draws).interval;
    unpaired_width += unpaired.hi - unpaired.lo;
    return *difference.interval;
  });
  INFO("covered " << covered);
  CHECK(covered >= 0.93);
  CHECK(covered <= 0.97);
  CHECK(width < unpaired_width / 4);  // pairing is what makes small differences visible
}

TEST_CASE("With several seeds the interval covers what seeds and tokens scatter together",
          "[report]") {
  const size_t seeds = GENERATE(size_t{3}, size_t{5});
  const BlockDraws draws(kBlocks);
  const double covered = coverage(1000, 2.0, [&](SplitMix64& random) {
    const std::vector<double> common = correlated_sums(random, 2, kBlocks);
    std::vector<std::vector<double>> sums;
    for (size_t s = 0; s < seeds; ++s) {
      const double deviation = 0.12 * normal(random);
      sums.push_back(common);
      for (double& sum : sums.back()) sum += kTokensABlock * deviation;
    }
    return *estimate(block_mean(sums, kEqual, 0), draws).interval;
  });
  INFO("covered " << covered << " with " << seeds << " seeds");
  CHECK(covered >= 0.93);
  CHECK(covered <= 0.985);  // few seeds are known to vary more than they did: rather too wide
}

TEST_CASE("One seed's interval says nothing of others; several seeds' is wider where they differ",
          "[report]") {
  const BlockDraws draws(kBlocks);
  SplitMix64 random(3);
  std::vector<double> low = correlated_sums(random, 2, kBlocks), high = low;
  for (double& sum : high) sum += kTokensABlock;
  const auto width = [&](const BlockMean& mean) {
    const Interval interval = *estimate(mean, draws).interval;
    return interval.hi - interval.lo;
  };
  const double one = width(block_mean({low}, kEqual, 0));
  const BlockMean both = block_mean({low, high}, kEqual, 0);
  CHECK(both.value == Approx(0.5 + block_mean({low}, kEqual, 0).value));
  CHECK(width(both) > 2 * one);
  CHECK(width(block_mean({low, low}, kEqual, 0)) == Approx(one).epsilon(1e-3));
}

TEST_CASE("Blocks of different size weigh by their tokens", "[report]") {
  std::vector<double> tokens(kBlocks, 10), sums(kBlocks, 20);
  tokens[0] = 1000;
  sums[0] = 1000;  // one nat a token, where all others have two
  const BlockDraws draws(kBlocks);
  const BlockMean mean = block_mean({sums}, tokens, 0);
  CHECK(mean.value == Approx((1000 + 31 * 20.0) / (1000 + 31 * 10.0)).epsilon(1e-12));
  for (const double drawn : resampled(mean, draws)) {
    CHECK(drawn >= 1);
    CHECK(drawn <= 2);
  }
}

TEST_CASE("The standard error is that of block means where blocks are equal", "[report]") {
  // Means 1, 2, 3, 4: sample variance 5/3 over 4 blocks.
  const BlockMean mean = block_mean({{10, 20, 30, 40}}, {10, 10, 10, 10}, 0);
  CHECK(mean.value == Approx(2.5));
  CHECK(*mean.standard_error() == Approx(std::sqrt(5.0 / 3 / 4)).epsilon(1e-12));
  CHECK_FALSE(block_mean({{10}}, {10}, 0).standard_error().has_value());
  // Two seeds one apart: variance 1/2 over 2 seeds, beside that of the blocks.
  const BlockMean two = block_mean({{10, 20, 30, 40}, {20, 30, 40, 50}}, {10, 10, 10, 10}, 0);
  CHECK(two.value == Approx(3));
  CHECK(*two.standard_error() == Approx(std::sqrt(5.0 / 3 / 4 + 0.25)).epsilon(1e-12));
}

TEST_CASE("Student's quantiles are those of the tables", "[report]") {
  // Abramowitz and Stegun (1964), table 26.10.
  CHECK(student_t_975(1) == Approx(12.706).epsilon(1e-4));
  CHECK(student_t_975(9) == Approx(2.262).epsilon(2e-3));
  CHECK(student_t_975(25) == Approx(2.060).epsilon(2e-3));
  CHECK(student_t_975(31) == Approx(2.0395).epsilon(2e-3));
  CHECK(student_t_975(40) == Approx(2.021).epsilon(2e-3));
  CHECK(student_t_975(1e12) == Approx(1.960).epsilon(1e-4));
}

TEST_CASE("The draws are the same every time", "[report]") {
  const BlockDraws a(kBlocks), b(kBlocks);
  for (size_t r = 0; r < kResamples; ++r) {
    double drawn = 0;
    for (size_t block = 0; block < kBlocks; ++block) {
      REQUIRE(a.times(block)[r] == b.times(block)[r]);
      drawn += a.times(block)[r];
    }
    REQUIRE(drawn == kBlocks);
  }
}
