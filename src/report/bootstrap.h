#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace lengthwise {

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
  /// `block_tokens`: scored tokens of each block; none empty, at least two.
  explicit BlockDraws(std::vector<double> block_tokens);

  size_t blocks() const { return block_tokens_.size(); }
  const std::vector<double>& block_tokens() const { return block_tokens_; }
  /// How often each block was drawn, [blocks].
  std::span<const double> times(size_t resample) const {
    return {times_.data() + resample * blocks(), blocks()};
  }

 private:
  std::vector<double> block_tokens_;
  std::vector<double> times_;  // [kResamples, blocks]
};

/// A part of the variance of a mean, and the degrees of freedom it is known with.
struct VariancePart {
  double variance, degrees;
};

/// A mean over tokens, with what it was in every resample. Differences of such means keep the
/// pairs: `residuals` are the blocks' shares of the mean's deviation, (sum_b - mean * tokens_b) /
/// tokens.
struct Resampled {
  double value = 0;
  std::vector<double> draws;                // [kResamples]; empty: too few blocks
  std::vector<double> residuals;            // [blocks]
  std::vector<VariancePart> seed_variance;  // of the mean over seeds, a part a row; empty: one seed

  /// Of the value, by Satterthwaite (1946) from the blocks' part and the seeds'.
  double degrees_of_freedom() const;
  std::optional<double> standard_error() const;  // none for a block alone
  Estimate estimate() const;
};

Resampled operator-(const Resampled& a, const Resampled& b);

/// The mean over tokens and seeds of one row. `sums` [seeds][blocks] are totals of nats over the
/// blocks, `block_tokens` what they are divided by: all tokens of a block or those of one kind.
///
/// Seeds and blocks are crossed (every seed reads every block), so each resample draws both, and
/// the same blocks for all seeds (the pigeonhole bootstrap, Owen 2007). A mean of S things drawn
/// from S varies by (S - 1) / S too little; the seeds' deviations are stretched by sqrt(S / (S -
/// 1)), the blocks' in `interval_95`. `row` keeps the seeds drawn for different rows independent.
Resampled resampled_mean(const BlockDraws& draws, const std::vector<std::vector<double>>& sums,
                         const std::vector<double>& block_tokens, size_t row);

/// The same without draws: value and standard error alone. `block_tokens` may be 0 for some blocks.
Resampled linear_mean(const std::vector<std::vector<double>>& sums,
                      const std::vector<double>& block_tokens);

/// ln of the mean over seeds of exp(nats): with `exp` on the bounds, the mean perplexity's.
Resampled resampled_log_perplexity(const BlockDraws& draws,
                                   const std::vector<std::vector<double>>& sums, size_t row);

/// Percentiles of the draws, their distances from the value stretched by sqrt(blocks / (blocks -
/// 1)) and by Student's t over the normal quantile: percentiles alone cover about 93 % of the time
/// with 32 blocks and far less with few seeds. Draws that are not finite are left out.
Interval interval_95(double value, std::vector<double> draws, size_t blocks,
                     double degrees_of_freedom);

/// The 97.5 % quantile of Student's t, to a hundredth from two degrees of freedom on and above it
/// below; for fewer than one, that of one.
double student_t_975(double degrees_of_freedom);

}  // namespace lengthwise
