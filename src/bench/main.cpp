#include <ATen/Parallel.h>
#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <cstdio>
#include <string>
#include <vector>

#include "bench/attention_bench.h"
#include "bench/evaluation_bench.h"
#include "bench/markdown_reporter.h"
#include "bench/training_bench.h"

/// lengthwise-bench attention [--benchmark_filter=REGEX] [--benchmark_out=FILE.json]
/// lengthwise-bench evaluation
/// lengthwise-bench training
/// Ratios within one run are what to trust. Threads are those of OMP_NUM_THREADS.
int main(int argc, char** argv) {
  using namespace lengthwise;
  const std::string what = argc < 2 ? "" : argv[1];
  if (what == "evaluation" && argc == 2) {
    run_evaluation_benchmark();
    return 0;
  }
  if (what == "training" && argc == 2) {
    run_training_benchmark();
    return 0;
  }
  if (what != "attention") {
    fmt::print(stderr,
               "usage: lengthwise-bench attention [--benchmark_...], or lengthwise-bench "
               "evaluation or training\n");
    return 2;
  }
  std::vector<char*> arguments{argv[0]};
  arguments.insert(arguments.end(), argv + 2, argv + argc);
  int count = static_cast<int>(arguments.size());
  benchmark::Initialize(&count, arguments.data());
  if (benchmark::ReportUnrecognizedArguments(count, arguments.data())) return 2;
  register_attention_benchmarks();
  MarkdownReporter reporter;
  benchmark::RunSpecifiedBenchmarks(&reporter);
  return 0;
}
