#include "report/bootstrap.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numeric>
#include <stdexcept>

#include "base/random.h"

namespace lengthwise {
namespace {

constexpr double kNormal975 = 1.959964;

double total(std::span<const double> values) {
  return std::accumulate(values.begin(), values.end(), 0.0);
}

double dot(std::span<const double> a, std::span<const double> b) {
  return std::inner_product(a.begin(), a.end(), b.begin(), 0.0);
}

double block_variance_of(const std::vector<double>& residuals) {
  const auto blocks = static_cast<double>(residuals.size());
  return dot(residuals, residuals) * blocks / (blocks - 1);
}

/// The seeds' means of one resample, their deviations from the mean over seeds made as large as
/// those of independent seeds.
void stretch_about_mean(std::vector<double>& seeds) {
  if (seeds.size() < 2) return;
  const auto count = static_cast<double>(seeds.size());
  const double centre = total(seeds) / count;
  const double stretch = std::sqrt(count / (count - 1));
  for (double& seed : seeds) seed = centre + stretch * (seed - centre);
}

VariancePart variance_of_mean(const std::vector<double>& seeds) {
  const auto count = static_cast<double>(seeds.size());
  const double centre = total(seeds) / count;
  double squares = 0;
  for (const double seed : seeds) squares += (seed - centre) * (seed - centre);
  return {squares / (count - 1) / count, count - 1};
}

double plain_mean(std::span<const double> values) {
  return total(values) / static_cast<double>(values.size());
}

double log_mean_exp(std::span<const double> values) {
  const double largest = *std::ranges::max_element(values);
  double sum = 0;
  for (const double value : values) sum += std::exp(value - largest);
  return largest + std::log(sum / static_cast<double>(values.size()));
}

/// `centre` turns the seeds' means into one number.
template <class Centre>
Resampled resampled(const BlockDraws& draws, const std::vector<std::vector<double>>& sums,
                    const std::vector<double>& block_tokens, size_t row, const Centre& centre) {
  Resampled result = linear_mean(sums, block_tokens);
  const size_t seeds = sums.size();
  std::vector<double> means(seeds), drawn(seeds);
  for (size_t s = 0; s < seeds; ++s) means[s] = total(sums[s]) / total(block_tokens);
  result.value = centre(means);

  SplitMix64 random = split_stream(kBootstrapSeed, row + 1);
  result.draws.resize(kResamples);
  for (size_t r = 0; r < kResamples; ++r) {
    const double tokens = dot(draws.times(r), block_tokens);
    for (size_t s = 0; s < seeds; ++s) means[s] = dot(draws.times(r), sums[s]) / tokens;
    stretch_about_mean(means);
    for (size_t s = 0; s < seeds; ++s) drawn[s] = means[seeds == 1 ? 0 : random.below(seeds)];
    result.draws[r] = centre(drawn);
  }
  return result;
}

}  // namespace

BlockDraws::BlockDraws(std::vector<double> block_tokens) : block_tokens_(std::move(block_tokens)) {
  if (blocks() < 2) throw std::invalid_argument("a bootstrap of fewer than two blocks");
  times_.resize(kResamples * blocks());
  SplitMix64 random = split_stream(kBootstrapSeed, 0);
  for (size_t r = 0; r < kResamples; ++r) {
    for (size_t i = 0; i < blocks(); ++i) ++times_[r * blocks() + random.below(blocks())];
  }
}

double Resampled::degrees_of_freedom() const {
  const auto blocks = static_cast<double>(residuals.size());
  const double block_variance = block_variance_of(residuals);
  double variance = block_variance;
  double squares = block_variance * block_variance / (blocks - 1);
  for (const VariancePart& part : seed_variance) {
    variance += part.variance;
    squares += part.variance * part.variance / part.degrees;
  }
  return squares > 0 ? variance * variance / squares : blocks - 1;
}

std::optional<double> Resampled::standard_error() const {
  if (residuals.size() < 2) return std::nullopt;
  double variance = block_variance_of(residuals);
  for (const VariancePart& part : seed_variance) variance += part.variance;
  return std::sqrt(variance);
}

Estimate Resampled::estimate() const {
  if (draws.empty()) return {value, std::nullopt};
  return {value, interval_95(value, draws, residuals.size(), degrees_of_freedom())};
}

Resampled operator-(const Resampled& a, const Resampled& b) {
  Resampled difference = a;
  difference.value -= b.value;
  for (size_t i = 0; i < difference.draws.size(); ++i) difference.draws[i] -= b.draws[i];
  for (size_t i = 0; i < difference.residuals.size(); ++i)
    difference.residuals[i] -= b.residuals[i];
  difference.seed_variance.insert(difference.seed_variance.end(), b.seed_variance.begin(),
                                  b.seed_variance.end());
  return difference;
}

Resampled linear_mean(const std::vector<std::vector<double>>& sums,
                      const std::vector<double>& block_tokens) {
  const double tokens = total(block_tokens);
  const auto seeds = static_cast<double>(sums.size());
  Resampled result;
  std::vector<double> means;
  for (const std::vector<double>& seed : sums) means.push_back(total(seed) / tokens);
  result.value = plain_mean(means);
  if (means.size() > 1) result.seed_variance.push_back(variance_of_mean(means));
  result.residuals.resize(block_tokens.size());
  for (size_t b = 0; b < block_tokens.size(); ++b) {
    for (size_t s = 0; s < means.size(); ++s) {
      result.residuals[b] += (sums[s][b] - means[s] * block_tokens[b]) / tokens / seeds;
    }
  }
  return result;
}

Resampled resampled_mean(const BlockDraws& draws, const std::vector<std::vector<double>>& sums,
                         const std::vector<double>& block_tokens, size_t row) {
  return resampled(draws, sums, block_tokens, row, plain_mean);
}

Resampled resampled_log_perplexity(const BlockDraws& draws,
                                   const std::vector<std::vector<double>>& sums, size_t row) {
  return resampled(draws, sums, draws.block_tokens(), row, log_mean_exp);
}

Interval interval_95(double value, std::vector<double> draws, size_t blocks,
                     double degrees_of_freedom) {
  std::erase_if(draws, [](double draw) { return !std::isfinite(draw); });
  if (draws.empty()) {
    constexpr double kInfinity = std::numeric_limits<double>::infinity();
    return {-kInfinity, kInfinity};
  }
  const auto percentile = [&](double share) {
    const auto place = static_cast<std::ptrdiff_t>(share * static_cast<double>(draws.size() - 1));
    std::ranges::nth_element(draws, draws.begin() + place);
    return draws[static_cast<size_t>(place)];
  };
  const auto count = static_cast<double>(blocks);
  const double stretch =
      std::sqrt(count / (count - 1)) * student_t_975(degrees_of_freedom) / kNormal975;
  return {value - stretch * (value - percentile(0.025)),
          value + stretch * (percentile(0.975) - value)};
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
