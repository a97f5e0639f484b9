#include "report/results/results.h"

#include <fmt/ranges.h>

#include <nlohmann/json.hpp>

#include "base/plain_text.h"
#include "base/text_grid.h"
#include "report/kinds/comparison_kind.h"
#include "report/page/comparison_page.h"
#include "report/records/run_names.h"
#include "report/records/run_values.h"

namespace lengthwise {
namespace {

TextGrid training_rows(const Comparison& comparison, const std::vector<RunRecord>& runs) {
  TextGrid grid{{"run", "parameters", "steps", "seconds", "tokens/s", "peak MiB", "folder"}};
  const auto folders = folder_names(runs);
  const auto whole = [](const std::optional<double>& value) {
    return fmt::format("{:.0f}", value.value_or(0));
  };
  for (size_t i = 0; i < runs.size(); ++i) {
    const RunRecord& run = runs[i];
    grid.push_back(
        {fmt::format("{} L={} seed {}", comparison.trained_label(run), run.train_length, run.seed),
         format_count(run.parameters), fmt::format("{}", run.steps), whole(run.train_seconds),
         whole(run.train_tokens_per_second), whole(run.train_peak_memory_mib), folders[i]});
  }
  return grid;
}

std::string readme(const AnyComparison& any, const std::vector<RunRecord>& runs,
                   const ResultsHeader& header, const ResultFiles& files) {
  const Comparison& comparison = shared_part(any);
  std::string text = fmt::format("# {}\n\n", markdown_escaped(header.title));
  text += kind_of(any)->markdown_text(files);
  text += "\n## How it was made\n\n";
  text += fmt::format("    {}\n\n", one_line(header.command));
  const auto finished = [](const RunRecord& run) { return run.finished.value_or(""); };
  const std::string made = fmt::format(
      "lengthwise {} (commit {}), LibTorch {}, {}; {} thread(s) a run; trained {} to {}; this page "
      "{}.",
      header.version, distinct_values(runs, [](const RunRecord& run) { return run.commit; }),
      distinct_values(runs, [](const RunRecord& run) { return run.libtorch; }),
      distinct_values(runs, [](const RunRecord& run) { return run.machine; }),
      distinct_values(runs, [](const RunRecord& run) { return run.threads; }),
      std::ranges::min(runs, {}, &RunRecord::started).started,
      std::ranges::max(runs, {}, finished).finished.value_or("(unfinished)"), header.written);
  const std::string tokens =
      fmt::format("Tokens: corpus {}, SHA-256 {}.", comparison.corpus,
                  distinct_values(runs, [](const RunRecord& run) { return run.corpus_hash; }));
  text += markdown_escaped(made) + "\n" + markdown_escaped(tokens) + "\n\n";
  text += markdown_lines(training_rows(comparison, runs));
  if (!header.options.empty()) {
    text +=
        "\nEvery run had the options in `options.ini`, but for scheme, train length, seed and what "
        "its row names.";
  }
  text +=
      "\n`records.jsonl` holds every run's record and measurements. `report.html` is a page to "
      "look "
      "into";
  if (files.contains("table.tex")) {
    text += files.contains("curve.pdf") ? "; `table.tex` and `curve.pdf` are for papers"
                                        : "; `table.tex` is for papers";
  }
  text += ".\n";
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
    text += line.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + '\n';
  }
  return text;
}

std::string report_page(const AnyComparison& comparison, const std::vector<RunRecord>& runs,
                        const ResultsHeader& header) {
  const std::string program =
      fmt::format("lengthwise {} (commit {})", header.version, header.commit);
  return render_page(
      comparison_page(comparison, runs, {header.title, header.command, header.written, program}));
}

}  // namespace

std::string write_results(const ResultsFolder& folder, const AnyComparison& comparison,
                          const std::vector<RunRecord>& runs, const ResultsHeader& header) {
  ResultFiles files;
  const std::string left_out = kind_of(comparison)->add_files(files);
  files["report.html"] = report_page(comparison, runs, header);
  files["records.jsonl"] = records(runs);
  if (!header.options.empty()) files["options.ini"] = header.options;
  files["README.md"] = readme(comparison, runs, header, files);
  folder.replace(files);
  return left_out;
}

}  // namespace lengthwise
