#include "report/statistics/bootstrap.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numeric>
#include <stdexcept>

#include "base/random.h"

namespace lengthwise {
namespace {

double total(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0);
}

VariancePart variance_of_mean(const std::vector<double>& seeds, double mean) {
  const auto count = static_cast<double>(seeds.size());
  double squares = 0;
  for (const double seed : seeds) squares += (seed - mean) * (seed - mean);
  return {squares / (count - 1) / count, count - 1};
}

std::vector<double> drawn_seeds(const std::vector<double>& seeds, double mean, size_t row) {
  const auto count = static_cast<double>(seeds.size());
  const double stretch = std::sqrt(count / (count - 1)) / count;
  SplitMix64 random = split_stream(kBootstrapSeed, row + 1);
  std::vector<double> deviations(kResamples);
  for (double& deviation : deviations) {
    for (size_t s = 0; s < seeds.size(); ++s) {
      deviation += stretch * (seeds[random.below(seeds.size())] - mean);
    }
  }
  return deviations;
}

/// What each block adds to the mean's deviation, before the division by all tokens.
std::vector<double> residuals_of(const BlockMean& mean) {
  std::vector<double> residuals(mean.sums.size());
  for (size_t b = 0; b < residuals.size(); ++b) {
    residuals[b] = mean.sums[b] - mean.value * mean.tokens[b];
  }
  return residuals;
}

std::vector<double> products(const std::vector<double>& a, const std::vector<double>& b) {
  std::vector<double> result(a.size());
  for (size_t i = 0; i < a.size(); ++i) result[i] = a[i] * b[i];
  return result;
}

/// Of the mean of blocks of different size (Cochran 1977, section 6.4), by linearisation.
double block_variance(double squared_residuals, double tokens, size_t blocks) {
  const auto count = static_cast<double>(blocks);
  return std::max(0.0, squared_residuals) / (tokens * tokens) * count / (count - 1);
}

double block_variance(const BlockMean& mean) {
  const std::vector<double> residuals = residuals_of(mean);
  return block_variance(total(products(residuals, residuals)), total(mean.tokens),
                        residuals.size());
}

/// Of the seeds' and the blocks' parts together, the latter as if known with `block_degrees`.
double degrees_of_freedom(const BlockMean& mean, double block_degrees) {
  double variance = block_variance(mean);
  double squares = variance * variance / block_degrees;
  for (const VariancePart& part : mean.seed_variance) {
    variance += part.variance;
    squares += part.variance * part.variance / part.degrees;
  }
  return squares > 0 ? variance * variance / squares : block_degrees;
}

/// The 2.5 % and 97.5 % percentiles, their distances from the value stretched.
Interval stretched_percentiles(double value, std::vector<double> draws, double stretch) {
  std::erase_if(draws, [](double draw) { return !std::isfinite(draw); });
  if (draws.empty()) {
    constexpr double kInfinity = std::numeric_limits<double>::infinity();
    return {-kInfinity, kInfinity};
  }
  const auto percentile = [&](double share) {
    const auto place =
        static_cast<std::ptrdiff_t>(std::lround(share * static_cast<double>(draws.size() - 1)));
    std::ranges::nth_element(draws, draws.begin() + place);
    return draws[static_cast<size_t>(place)];
  };
  return {value - stretch * (value - percentile(0.025)),
          value + stretch * (percentile(0.975) - value)};
}

/// The value less what the mean was off in each resample, in units of the standard error there.
std::vector<double> studentised(const BlockMean& mean, const BlockDraws& draws) {
  const std::vector<double> residuals = residuals_of(mean);
  const std::vector<double> tokens = draws.sums(mean.tokens);
  const std::vector<double> sums = draws.sums(residuals);
  const std::vector<double> squares = draws.sums(products(residuals, residuals));
  const std::vector<double> mixed = draws.sums(products(residuals, mean.tokens));
  const std::vector<double> token_squares = draws.sums(products(mean.tokens, mean.tokens));
  const double error = std::sqrt(block_variance(mean));
  std::vector<double> values(kResamples);
  for (size_t r = 0; r < kResamples; ++r) {
    const double off = sums[r] / tokens[r];
    const double squared = squares[r] - 2 * off * mixed[r] + off * off * token_squares[r];
    const double error_there = std::sqrt(block_variance(squared, tokens[r], draws.blocks()));
    values[r] = mean.value - (off == 0 ? 0 : off / error_there * error);
  }
  return values;
}

void add_seeds(std::vector<double>& values, const BlockMean& mean) {
  for (size_t r = 0; r < mean.seed_draws.size(); ++r) values[r] += mean.seed_draws[r];
}

}  // namespace

BlockDraws::BlockDraws(size_t blocks) : blocks_(blocks), times_(blocks * kResamples) {
  if (blocks < 2) throw std::invalid_argument("a bootstrap of fewer than two blocks");
  SplitMix64 random = split_stream(kBootstrapSeed, 0);
  for (size_t r = 0; r < kResamples; ++r) {
    for (size_t i = 0; i < blocks; ++i) ++times_[random.below(blocks) * kResamples + r];
  }
}

std::vector<double> BlockDraws::sums(const std::vector<double>& values) const {
  std::vector<double> result(kResamples);
  for (size_t b = 0; b < blocks_; ++b) {
    const std::span<const double> drawn = times(b);
    for (size_t r = 0; r < kResamples; ++r) result[r] += drawn[r] * values[b];
  }
  return result;
}

std::optional<double> BlockMean::standard_error() const {
  if (sums.size() < 2) return std::nullopt;
  double variance = block_variance(*this);
  for (const VariancePart& part : seed_variance) variance += part.variance;
  return std::sqrt(variance);
}

BlockMean block_mean(const std::vector<std::vector<double>>& seeds,
                     const std::vector<double>& tokens, size_t row) {
  BlockMean mean;
  mean.tokens = tokens;
  mean.sums.resize(tokens.size());
  std::vector<double> means;
  for (const std::vector<double>& seed : seeds) {
    means.push_back(total(seed) / total(tokens));
    for (size_t b = 0; b < seed.size(); ++b) {
      mean.sums[b] += seed[b] / static_cast<double>(seeds.size());
    }
  }
  mean.value = total(means) / static_cast<double>(means.size());
  if (means.size() > 1) {
    mean.seed_variance.push_back(variance_of_mean(means, mean.value));
    mean.seed_draws = drawn_seeds(means, mean.value, row);
  }
  return mean;
}

BlockMean operator-(const BlockMean& a, const BlockMean& b) {
  BlockMean difference = a;
  difference.value -= b.value;
  for (size_t i = 0; i < b.sums.size(); ++i) difference.sums[i] -= b.sums[i];
  difference.seed_draws.resize(std::max(a.seed_draws.size(), b.seed_draws.size()));
  for (size_t r = 0; r < b.seed_draws.size(); ++r) difference.seed_draws[r] -= b.seed_draws[r];
  difference.seed_variance.insert(difference.seed_variance.end(), b.seed_variance.begin(),
                                  b.seed_variance.end());
  return difference;
}

Estimate estimate(const BlockMean& mean, const BlockDraws& draws) {
  std::vector<double> values = studentised(mean, draws);
  add_seeds(values, mean);
  // The blocks' part needs no stretching: resampling has told how uncertain its error is.
  constexpr double kKnown = 1e9;
  const double stretch = student_t_975(degrees_of_freedom(mean, kKnown)) / kNormal975;
  return {mean.value, stretched_percentiles(mean.value, std::move(values), stretch)};
}

std::vector<double> resampled(const BlockMean& mean, const BlockDraws& draws) {
  std::vector<double> values = draws.sums(mean.sums);
  const std::vector<double> tokens = draws.sums(mean.tokens);
  for (size_t r = 0; r < kResamples; ++r) values[r] /= tokens[r];
  add_seeds(values, mean);
  return values;
}

Estimate percentile_estimate(double value, std::vector<double> resampled_values,
                             const BlockMean& mean) {
  const auto blocks = static_cast<double>(mean.sums.size());
  const double stretch = std::sqrt(blocks / (blocks - 1)) *
                         student_t_975(degrees_of_freedom(mean, blocks - 1)) / kNormal975;
  return {value, stretched_percentiles(value, std::move(resampled_values), stretch)};
}

double student_t_975(double degrees_of_freedom) {
  // Percentage points of the t distribution (Fisher and Yates), linear in 1 / degrees between them.
  constexpr std::array<std::array<double, 2>, 16> kPoints{{{1, 12.706},
                                                           {2, 4.3027},
                                                           {3, 3.1824},
                                                           {4, 2.7764},
                                                           {5, 2.5706},
                                                           {6, 2.4469},
                                                           {7, 2.3646},
                                                           {8, 2.3060},
                                                           {10, 2.2281},
                                                           {12, 2.1788},
                                                           {15, 2.1314},
                                                           {20, 2.0860},
                                                           {30, 2.0423},
                                                           {60, 2.0003},
                                                           {120, 1.9799},
                                                           {1e9, 1.95996}}};
  if (!(degrees_of_freedom > 1)) return kPoints.front()[1];
  for (size_t i = 1; i < kPoints.size(); ++i) {
    const auto& [above, t_above] = kPoints[i];
    if (degrees_of_freedom > above) continue;
    const auto& [below, t_below] = kPoints[i - 1];
    const double share = (1 / degrees_of_freedom - 1 / above) / (1 / below - 1 / above);
    return t_above + share * (t_below - t_above);
  }
  return kNormal975;
}

}  // namespace lengthwise
