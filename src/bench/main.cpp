#include <ATen/Parallel.h>
#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <cstdio>
#include <string>
#include <vector>

#include "bench/attention_bench.h"
#include "bench/markdown_reporter.h"

/// lengthwise-bench attention [--benchmark_filter=REGEX] [--benchmark_out=FILE.json]: ratios within
/// one run are what to trust. Threads are those of OMP_NUM_THREADS.
int main(int argc, char** argv) {
  using namespace lengthwise;
  if (argc < 2 || std::string(argv[1]) != "attention") {
    fmt::print(stderr, "usage: lengthwise-bench attention [--benchmark_...]\n");
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
