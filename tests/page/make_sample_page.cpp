// Writes the pages that browser_test.py looks at: make_sample_page FILE CROWDED FOLDER, where FILE
// is a page of a few rows, CROWDED one of many, and FOLDER takes the run folders that pages read
// logs and options from.

#include <fmt/format.h>
#include <cmath>
#include <limits>

#include "report/failing_and_holding.h"
#include "report/page/comparison_page.h"

using namespace lengthwise;

namespace {

void write_run_folder(const RunRecord& run) {
  make_folder(run.folder);
  std::string log;
  for (int step = 1; step <= 40; ++step) {
    log += fmt::format("{{\"step\":{},\"nats_per_token\":{:.4f}}}\n", 50 * step,
                       1.7 + 2.0 / step + 0.01 * static_cast<double>(run.seed));
  }
  write_file(run.folder / "train.jsonl", log);
  write_file(run.folder / "config.ini",
             fmt::format("[model]\nwidth = 64\n[position]\nscheme = {}\n[training]\nseed = {}\n",
                         run.scheme, run.seed));
}

/// A scheme and a variant with names that would break a page that took them for markup.
std::vector<RunRecord> sample_runs(const fs::path& folder) {
  std::vector<RunRecord> runs = failing_and_holding(/*ideal=*/true);
  RunRecord hostile = runs[2];
  hostile.scheme = "</script><b>bold</b>";
  for (EvaluationRecord& record : hostile.evaluations) *record.nats_per_token += 0.02;
  EvaluationRecord varied = hostile.evaluations.back();
  varied.variant = "position.rotary.base=1e6 model.window=64 model.sinks=4";
  hostile.evaluations.push_back(varied);
  runs.push_back(hostile);
  for (size_t i = 0; i < runs.size(); ++i) {
    runs[i].folder = folder / fmt::format("run{}", i);
    runs[i].corpus_hash = std::string(64, 'a');  // as long as they are
    for (EvaluationRecord& record : runs[i].evaluations) {
      record.corpus_hash = runs[i].corpus_hash;
    }
    write_run_folder(runs[i]);
  }
  return runs;
}

/// Schemes s00 ... s22: the higher the number, the lower the perplexity at 512.
std::vector<RunRecord> many_runs() {
  std::vector<RunRecord> runs;
  for (int i = 0; i < 23; ++i) {
    runs.push_back(
        sample_run(fmt::format("s{:02}", i), 1, {{64, 5.5 + 0.01 * i}, {512, 9 - 0.1 * i}}));
  }
  return runs;
}

HeatMap sample_map() {
  HeatMap map{"Accuracy of recall", "by depth and length", "depth", "length", {}, {}, {}};
  for (int column = 0; column < 12; ++column) {
    map.column_labels.push_back(fmt::format("{}", 64 << column));
  }
  for (int row = 0; row < 5; ++row) {
    map.row_labels.push_back(fmt::format("{} %", 25 * row));
    map.values.emplace_back();
    for (int column = 0; column < 12; ++column) {
      map.values.back().push_back(column == 11 ? std::numeric_limits<double>::quiet_NaN()
                                               : std::exp(-0.05 * row * column));
    }
  }
  return map;
}

}  // namespace

int main(int, char** arguments) {
  const std::vector<RunRecord> runs = sample_runs(arguments[3]);
  Page page = comparison_page(
      compare_samples(runs), runs,
      {"Trained at 64 tokens, what do three schemes do at up to 512?",
       "lengthwise compare runs/alibi-L64-seed1 runs/alibi-L64-seed2 runs/learned-L64-seed1 "
       "--experiment.results results",
       "2026-11-23T04:00:00Z", "lengthwise 0.1.0 (commit 0123456789ab)"});
  page.sections.insert(page.sections.end() - 1, {"Recall", {sample_map()}, {}});
  write_file(arguments[1], render_page(page));
  const std::vector<RunRecord> many = many_runs();
  write_file(arguments[2],
             render_page(comparison_page(compare_samples(many), many, {"Many", "", "", ""})));
}
