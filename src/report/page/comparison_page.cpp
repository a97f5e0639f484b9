#include "report/page/comparison_page.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

#include "base/text.h"
#include "report/figures/length_chart.h"
#include "report/figures/training_log.h"
#include "report/records/run_names.h"
#include "report/records/run_options.h"
#include "report/records/run_values.h"

namespace lengthwise {
namespace {

constexpr size_t kMostNamedRuns = 3;  // of those that share a value; more are counted

std::string real_text(const std::optional<double>& value) {
  return value ? format_count(static_cast<int64_t>(*value + 0.5)) : "";
}

PageTable runs_table(const Comparison& comparison, const std::vector<RunRecord>& runs) {
  PageTable table;
  table.caption = "The runs as they were trained";
  table.columns = {"scheme", "train length", "seed",     "parameters", "steps",
                   "time",   "tokens/s",     "peak MiB", "folder"};
  const auto folders = folder_names(runs);
  for (size_t i = 0; i < runs.size(); ++i) {
    const RunRecord& run = runs[i];
    table.rows.push_back({{comparison.trained_label(run)},
                          {fmt::format("{}", run.train_length)},
                          {fmt::format("{}", run.seed)},
                          {format_count(run.parameters)},
                          {format_count(run.steps)},
                          {run.train_seconds ? format_duration(*run.train_seconds) : ""},
                          {real_text(run.train_tokens_per_second)},
                          {real_text(run.train_peak_memory_mib)},
                          {folders[i]}});
  }
  return table;
}

/// "0.004 (alibi-L64-seed1)", "0.008 (9 runs)".
std::string value_text(const std::string& value, const std::vector<std::string>& runs) {
  const std::string shown = value.empty() ? "(empty)" : value;
  if (runs.size() > kMostNamedRuns) return fmt::format("{} ({} runs)", shown, runs.size());
  return fmt::format("{} ({})", shown, fmt::join(runs, ", "));
}

PageSection options_section(const std::vector<RunRecord>& runs) {
  PageSection section{"Options that differ", {}, {}};
  PageTable table;
  table.caption = "Options that are not the same in all runs";
  table.columns = {"option", "value (runs)"};
  table.of_words = true;
  for (const OptionDifference& difference : option_differences(runs)) {
    std::vector<std::string> values;
    for (const auto& [value, names] : difference.runs_by_value) {
      values.push_back(value_text(value, names));
    }
    table.rows.push_back({{difference.name}, {fmt::format("{}", fmt::join(values, "; "))}});
  }
  if (!table.rows.empty()) section.parts.push_back(table);
  if (const std::string common = common_options(runs); !common.empty()) {
    section.folds.push_back({"What all runs have in common", {PageCode{common}}});
  }
  return section;
}

PageTable origin_table(const std::vector<RunRecord>& runs) {
  PageTable table;
  table.caption = "Where each run comes from";
  table.columns = {"run", "program", "commit", "LibTorch", "started", "finished"};
  table.of_words = true;
  const auto folders = folder_names(runs);
  for (size_t i = 0; i < runs.size(); ++i) {
    const RunRecord& run = runs[i];
    table.rows.push_back({{folders[i]},
                          {run.program + " " + run.version},
                          {run.commit},
                          {run.libtorch},
                          {run.started},
                          {run.finished.value_or("not finished")}});
  }
  return table;
}

PageSection origin_section(const Comparison& comparison, const std::vector<RunRecord>& runs,
                           const PageHeader& header) {
  PageKeyValues facts;
  const auto add = [&](std::string key, std::string value) {
    if (!value.empty()) facts.entries.emplace_back(std::move(key), std::move(value));
  };
  add("Corpus", comparison.corpus);
  add("Corpus, SHA-256",
      distinct_values(runs, [](const RunRecord& run) { return run.corpus_hash; }));
  add("Machine", distinct_values(runs, [](const RunRecord& run) { return run.machine; }));
  add("Threads a run", distinct_values(runs, [](const RunRecord& run) { return run.threads; }));
  add("LibTorch", distinct_values(runs, [](const RunRecord& run) { return run.libtorch; }));
  add("Commit of the runs", distinct_values(runs, [](const RunRecord& run) { return run.commit; }));
  add("First run started", std::ranges::min(runs, {}, &RunRecord::started).started);
  const auto finished = [](const RunRecord& run) { return run.finished.value_or(""); };
  add("Last run finished", finished(std::ranges::max(runs, {}, finished)));
  add("Page written", header.written);
  add("Written by", header.program);
  PageSection section{"How it was made", {PageCode{header.command}, facts}, {}};
  section.folds.push_back({"Every run", {runs_table(comparison, runs), origin_table(runs)}});
  return section;
}

}  // namespace

Page comparison_page(const AnyComparison& any, const std::vector<RunRecord>& runs,
                     const PageHeader& header) {
  Page page{header.title, "", {}, ""};
  const Comparison& comparison = shared_part(any);
  const auto kind = kind_of(any);
  const std::string title = kind->title_line();
  page.lead = static_cast<char>(std::toupper(static_cast<unsigned char>(title[0])));
  page.lead += title.substr(1) + ".";
  page.sections = kind->sections();
  const LineChart training = training_chart(comparison, runs);
  if (training.has_points()) page.sections.push_back({"Training", {training}, {}});
  const LineChart cost = cost_chart(comparison);
  if (cost.has_points()) page.sections.push_back({"Speed and memory", {cost}, {}});
  PageSection options = options_section(runs);
  if (!options.parts.empty() || !options.folds.empty()) page.sections.push_back(options);
  page.sections.push_back(origin_section(comparison, runs, header));
  page.footer =
      "The curves of every figure can be switched off in its legend; the arrow keys read "
      "values where a figure has the focus. Numbers in this page are those that table.csv "
      "and records.jsonl hold.";
  return page;
}

}  // namespace lengthwise
