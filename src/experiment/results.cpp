#include "experiment/results.h"

#include <fmt/ranges.h>

#include <nlohmann/json.hpp>
#include <set>

#include "experiment/provenance.h"
#include "report/comparison/published.h"
#include "report/figures/curve.h"
#include "report/page/comparison_page.h"
#include "report/records/run_values.h"
#include "report/tables/latex_table.h"
#include "report/tables/statistics_table.h"
#include "report/tables/table.h"
#include "report/tables/task_table.h"

namespace lengthwise {
namespace {

std::string training_rows(const std::vector<RunRecord>& runs) {
  std::string text =
      "| run | parameters | steps | seconds | tokens/s | peak MiB "
      "|\n|---|---:|---:|---:|---:|---:|\n";
  for (const RunRecord& run : runs) {
    text += fmt::format("| {} L={} seed {} | {} | {} | {:.0f} | {:.0f} | {:.0f} |\n", run.scheme,
                        run.train_length, run.seed, format_count(run.parameters), run.steps,
                        run.train_seconds.value_or(0), run.train_tokens_per_second.value_or(0),
                        run.train_peak_memory_mib.value_or(0));
  }
  return text;
}

std::string readme(const Comparison& comparison, const std::vector<RunRecord>& runs,
                   const ResultsHeader& header) {
  const Provenance made = provenance();
  std::string text = fmt::format("# {}\n\n", header.title);
  if (comparison.is_task()) {
    text += markdown_task_table(comparison);
  } else {
    text += markdown_table(comparison);
    text += "\n![perplexity against eval length](curve.svg)\n\n";
    text += markdown_statistics(comparison);
  }
  text += "\n## How it was made\n\n";
  text += fmt::format("    {}\n\n", header.command);
  text += fmt::format(
      "lengthwise {} (commit {}), LibTorch {}, {}; {} thread(s) a run; trained {} to {}; this page "
      "{}.\n",
      made.version, distinct_values(runs, [](const RunRecord& run) { return run.commit; }),
      distinct_values(runs, [](const RunRecord& run) { return run.libtorch; }),
      distinct_values(runs, [](const RunRecord& run) { return run.machine; }),
      distinct_values(runs, [](const RunRecord& run) { return run.threads; }),
      std::ranges::min(runs, {}, &RunRecord::started).started,
      std::ranges::max(runs, {}, [](const RunRecord& run) { return run.finished.value_or(""); })
          .finished.value_or("(unfinished)"),
      utc_time());
  text += fmt::format("Tokens: corpus {}, SHA-256 {}.\n\n", comparison.corpus,
                      distinct_values(runs, [](const RunRecord& run) { return run.corpus_hash; }));
  text += training_rows(runs);
  if (!header.options.empty()) {
    text +=
        "\nEvery run had the options in `options.ini`, but for scheme, train length, seed and what "
        "its row names.";
  }
  text +=
      "\n`records.jsonl` holds every run's record and measurements. `report.html` is a page to "
      "look "
      "into";
  text += comparison.is_task() ? ".\n" : "; `table.tex` and `curve.pdf` are for papers.\n";
  return text;
}

std::string records(const std::vector<RunRecord>& runs) {
  std::string text;
  for (const RunRecord& run : runs) {
    auto line = nlohmann::ordered_json::parse(to_json(run));
    line["evaluations"] = nlohmann::ordered_json::array();
    for (const EvaluationRecord& evaluation : run.evaluations) {
      line["evaluations"].push_back(nlohmann::ordered_json::parse(to_json(evaluation)));
    }
    text += line.dump() + '\n';
  }
  return text;
}

std::string report_page(const Comparison& comparison, const std::vector<RunRecord>& runs,
                        const ResultsHeader& header) {
  const Provenance made = provenance();
  const std::string program = fmt::format("lengthwise {} (commit {})", made.version, made.commit);
  return render_page(
      comparison_page(comparison, runs, {header.title, header.command, utc_time(), program}));
}

void write_perplexity_files(const fs::path& folder, const Comparison& comparison) {
  write_curves(comparison, folder);
  write_file(folder / "table.csv", csv_table(comparison));
  write_file(folder / "table.tex", latex_table(comparison));
  write_file(folder / "differences.csv", differences_csv(comparison));
  if (comparison.has_ideal()) write_file(folder / "gaps.csv", gaps_csv(comparison));
  write_file(folder / "breakdowns.csv", breakdowns_csv(comparison));
  if (!comparison.published.empty()) {
    write_file(folder / "published.csv", published_csv(comparison));
  }
}

void write_task_files(const fs::path& folder, const Comparison& comparison) {
  write_file(folder / "table.csv", task_csv(comparison));
  write_file(folder / "places.csv", task_places_csv(comparison));
}

}  // namespace

std::string terminal_text(const Comparison& comparison) {
  return comparison.is_task() ? terminal_task_table(comparison) : terminal_report(comparison);
}

void write_results(const fs::path& folder, const Comparison& comparison,
                   const std::vector<RunRecord>& runs, const ResultsHeader& header) {
  const std::string page = report_page(comparison, runs, header);
  make_folder(folder);
  if (comparison.is_task()) {
    write_task_files(folder, comparison);
  } else {
    write_perplexity_files(folder, comparison);
  }
  write_file(folder / "report.html", page);
  write_file(folder / "records.jsonl", records(runs));
  if (!header.options.empty()) write_file(folder / "options.ini", header.options);
  write_file(folder / "README.md", readme(comparison, runs, header));
}

}  // namespace lengthwise
