// Writes results/coverage/README.md: how often each kind of interval holds the truth, on simulated
// data of which it is known. Run by hand: build/release/tests/coverage_study >
// results/coverage/README.md (a minute or two)

#include <fmt/format.h>

#include <functional>

#include "report/comparison/task_accuracy.h"
#include "report/statistics/simulated_losses.h"

namespace lengthwise {
namespace {

constexpr int kSimulations = 4000;

std::vector<double> equal(size_t blocks) {
  return std::vector<double>(blocks, kTokensABlock);
}

double plain_mean(size_t blocks) {
  const BlockDraws draws(blocks);
  return coverage(kSimulations, 2, [&](SplitMix64& random) {
    std::vector<double> sums(blocks);
    for (double& sum : sums) sum = kTokensABlock * (2 + 0.3 * normal(random));
    return *estimate(block_mean({sums}, equal(blocks), 0), draws).interval;
  });
}

double skewed_mean(size_t blocks) {
  const BlockDraws draws(blocks);
  return coverage(kSimulations, 2, [&](SplitMix64& random) {
    return *estimate(block_mean({correlated_sums(random, 2, blocks)}, equal(blocks), 0), draws)
                .interval;
  });
}

/// Blocks of four sizes, as documents are.
double unequal_blocks(size_t blocks) {
  const BlockDraws draws(blocks);
  return coverage(kSimulations, 2, [&](SplitMix64& random) {
    std::vector<double> sums = correlated_sums(random, 2, blocks), tokens = equal(blocks);
    for (size_t b = 0; b < blocks; ++b) {
      const auto size = static_cast<double>(1 + b % 4);
      sums[b] *= size;
      tokens[b] *= size;
    }
    return *estimate(block_mean({sums}, tokens, 0), draws).interval;
  });
}

double paired_difference(size_t blocks) {
  const BlockDraws draws(blocks);
  return coverage(kSimulations, 0.25, [&](SplitMix64& random) {
    const std::vector<double> common = correlated_sums(random, 2, blocks);
    std::vector<double> other = common;
    for (double& sum : other) {
      const double shared = 0.25 + 0.05 * (std::pow(normal(random), 2) - 1);
      sum += kTokensABlock * shared + 0.8 * normal(random);
    }
    return *estimate(block_mean({other}, equal(blocks), 0) - block_mean({common}, equal(blocks), 1),
                     draws)
                .interval;
  });
}

double over_seeds(size_t blocks, size_t seeds) {
  const BlockDraws draws(blocks);
  return coverage(kSimulations / 2, 2, [&](SplitMix64& random) {
    const std::vector<double> common = correlated_sums(random, 2, blocks);
    std::vector<std::vector<double>> sums(seeds, common);
    for (auto& each : sums) {
      const double deviation = 0.12 * normal(random);
      for (double& sum : each) sum += kTokensABlock * deviation;
    }
    return *estimate(block_mean(sums, equal(blocks), 0), draws).interval;
  });
}

/// Examples, not blocks: a share of them is right.
double accuracy(size_t examples, double share) {
  return coverage(kSimulations, share, [&](SplitMix64& random) {
    int64_t right = 0;
    for (size_t i = 0; i < examples; ++i) right += uniform(random) < share ? 1 : 0;
    const auto count = static_cast<double>(examples);
    return wilson_interval(static_cast<double>(right) / count, count);
  });
}

/// The same examples asked of two rows: right by 0.8 and 0.7, together more often than by chance.
double accuracy_difference(size_t examples) {
  return coverage(kSimulations, 0.1, [&](SplitMix64& random) {
    double a = 0, b = 0, both = 0;
    for (size_t i = 0; i < examples; ++i) {
      const double hard = uniform(random);
      const bool shared = uniform(random) < 0.5;
      const bool first = (shared ? hard : uniform(random)) < 0.8;
      const bool second = (shared ? hard : uniform(random)) < 0.7;
      a += first ? 1 : 0;
      b += second ? 1 : 0;
      both += first && second ? 1 : 0;
    }
    const auto n = static_cast<double>(examples);
    a /= n, b /= n, both /= n;
    const double spread = std::sqrt(a * (1 - a) * b * (1 - b));
    return paired_difference_interval(a, b, spread > 0 ? (both - a * b) / spread : 0, n);
  });
}

void print_row(const std::string& kind, const std::vector<size_t>& counts,
               const std::function<double(size_t)>& covered) {
  fmt::print("| {} |", kind);
  for (const size_t count : counts) fmt::print(" {:.1f} |", 100 * covered(count));
  fmt::print("\n");
}

void print_head(const std::string& kind, const std::string& of, const std::vector<size_t>& counts) {
  fmt::print("| {} |", kind);
  for (const size_t count : counts) fmt::print(" {} {} |", count, of);
  fmt::print("\n|---|");
  for (size_t i = 0; i < counts.size(); ++i) fmt::print("---:|");
  fmt::print("\n");
}

}  // namespace
}  // namespace lengthwise

int main() {
  using namespace lengthwise;
  const std::vector<size_t> blocks = {4, 8, 12, 20, 32, 64}, examples = {16, 64, 256, 1024};
  fmt::print(R"(# How often intervals hold the truth

Each kind of 95 % interval, on simulated data of which the truth is known: of {} simulations (of those over seeds half),
the percentage in which the interval held it. The standard error is 0.3 to 0.5. `tests/report/statistics/coverage_study.cpp`
wrote this page; the tests beside it hold the intervals to 93 to 97 at 32 blocks.

## Perplexities, nats, their differences

Losses are skewed as those of tokens are, and those of a block share a part, but for the first row. Bits per byte are
nats times a constant of the text, and so are their intervals. A table has at least 20 blocks, or says that its
intervals are doubtful (`plan_blocks` in `src/report/statistics/blocks.h`); fewer are here to show why.

)",
             kSimulations);
  print_head("interval", "blocks", blocks);
  print_row("mean of normal losses", blocks, plain_mean);
  print_row("mean of skewed losses", blocks, skewed_mean);
  print_row("the same, blocks of four sizes", blocks, unequal_blocks);
  print_row("difference on the same tokens", blocks, paired_difference);
  print_row("mean over 3 seeds", blocks, [](size_t n) { return over_seeds(n, 3); });
  print_row("mean over 5 seeds", blocks, [](size_t n) { return over_seeds(n, 5); });
  fmt::print(
      "\n## Accuracies\n\nWilson's interval, and Newcombe's of a difference on the same "
      "examples.\n\n");
  print_head("interval", "examples", examples);
  print_row("half are right", examples, [](size_t n) { return accuracy(n, 0.5); });
  print_row("nine of ten are right", examples, [](size_t n) { return accuracy(n, 0.9); });
  print_row("one of a hundred is right", examples, [](size_t n) { return accuracy(n, 0.01); });
  print_row("difference of 0.8 and 0.7", examples, accuracy_difference);
  return 0;
}
