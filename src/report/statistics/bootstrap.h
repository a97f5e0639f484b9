#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace lengthwise {

/// Standard errors that hold 95 % of a normal distribution at either side of its mean: its 97.5 %
/// point.
inline constexpr double kNormal975 = 1.959964;

/// Bounds of a 95 % confidence interval.
struct Interval {
  double lo = 0, hi = 0;

  bool holds(double value) const { return lo <= value && value <= hi; }
};

/// A number and how well it is known; no interval where there are too few blocks to tell.
struct Estimate {
  double value = 0;
  std::optional<Interval> interval;
};

inline constexpr size_t kResamples = 2000;
inline constexpr uint64_t kBootstrapSeed = 95;

/// The draws of a block bootstrap (Efron and Tibshirani 1993, chapter 8): tokens depend on one
/// another within a block and hardly across blocks, so whole blocks are drawn with replacement.
/// Every statistic of a comparison uses the same draws, which makes every difference a paired one.
class BlockDraws {
 public:
  /// At least two blocks.
  explicit BlockDraws(size_t blocks);

  size_t blocks() const { return blocks_; }
  /// How often the block was drawn in each resample, [kResamples].
  std::span<const double> times(size_t block) const {
    return {times_.data() + block * kResamples, kResamples};
  }
  /// Sum over blocks of times drawn * value, of each resample.
  std::vector<double> sums(const std::vector<double>& values) const;

 private:
  size_t blocks_;
  std::vector<double> times_;  // [blocks, kResamples]
};

/// A part of the variance of a mean, and the degrees of freedom it is known with.
struct VariancePart {
  double variance, degrees;
};

/// A mean over tokens and seeds with what resampling needs of it. Seeds and blocks are crossed
/// (every seed reads every block), so both are drawn, each by itself. A mean of S seeds drawn from
/// S varies by (S - 1) / S too little: the deviations of `seed_draws` are stretched by sqrt(S / (S
/// - 1)).
struct BlockMean {
  double value = 0;
  std::vector<double> sums;                 // of nats over each block, the mean over seeds
  std::vector<double> tokens;               // of each block; some may have none
  std::vector<double> seed_draws;           // deviations, [kResamples]; empty: one seed
  std::vector<VariancePart> seed_variance;  // of the mean, a part a row with several seeds

  /// Of blocks and seeds; none for a block alone.
  std::optional<double> standard_error() const;
};

/// The mean of one row. `seeds` [seeds][blocks] are totals of nats over the blocks, `tokens` what
/// they are divided by: all tokens of a block or those of one kind. `row` keeps the seeds drawn for
/// different rows independent.
BlockMean block_mean(const std::vector<std::vector<double>>& seeds,
                     const std::vector<double>& tokens, size_t row);

/// Of two means over the same tokens, block by block.
BlockMean operator-(const BlockMean& a, const BlockMean& b);

/// The studentised bootstrap (Efron and Tibshirani 1993, section 12.5) over blocks: with 32 blocks
/// of strongly skewed losses (tests/report/statistics/bootstrap_test.cpp) its intervals cover 94 %
/// of the time, where percentiles widened to Student's t cover 92 % and BCa so widened 93 %. With
/// several seeds their draws are added, and the distances from the value stretched by Student's t
/// over the normal quantile, at the seeds' degrees of freedom by Satterthwaite (1946).
Estimate estimate(const BlockMean& mean, const BlockDraws& draws);

/// The mean in every resample, [kResamples], for numbers that are made of several.
std::vector<double> resampled(const BlockMean& mean, const BlockDraws& draws);

/// Percentiles of such numbers, their distances from the value stretched by Student's t over the
/// normal quantile at the degrees of freedom of `mean`, which they mostly follow. Those that are
/// not finite are left out.
Estimate percentile_estimate(double value, std::vector<double> resampled, const BlockMean& mean);

/// The 97.5 % quantile of Student's t, to a hundredth from two degrees of freedom on and above it
/// below; for fewer than one, that of one.
double student_t_975(double degrees_of_freedom);

}  // namespace lengthwise
