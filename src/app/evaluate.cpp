#include <fmt/format.h>

#include <cstdio>

#include "app/command.h"
#include "base/error.h"
#include "base/options.h"
#include "base/plain_text.h"
#include "experiment/evaluate_run.h"
#include "experiment/run_folder.h"

namespace lengthwise {
namespace {

void print_record(const EvaluationRecord& record, bool found) {
  const std::string last =
      record.window_targets == record.stride ? "" : fmt::format(" K={}", record.window_targets);
  fmt::print("  {} {} L={} S={}{} documents {} first_token {}{}: ", record.split, record.protocol,
             record.length, record.stride, last, record.documents, record.first_token,
             record.variant.empty() ? "" : " with " + one_line(record.variant));
  if (record.beyond_max_length) {
    fmt::print("– (the scheme ends at {} tokens)\n", *record.beyond_max_length);
    return;
  }
  if (record.accuracy) {
    fmt::print("accuracy {:.1f} % of {} examples, {:.1f} % of answer tokens, ",
               100 * *record.accuracy, record.windows, 100 * *record.token_accuracy);
  }
  fmt::print("perplexity {:.4g}, {:.4f} nats/token", *record.perplexity(), *record.nats_per_token);
  if (const auto bits = record.bits_per_byte()) fmt::print(", {:.4f} bits/byte", *bits);
  if (record.unknown_tokens.value_or(0) > 0) {
    fmt::print(", {:.2f} % <unk>", 100.0 * static_cast<double>(*record.unknown_tokens) /
                                       static_cast<double>(record.tokens));
  }
  if (record.ideal_nats_per_token) fmt::print(", ideal {:.4f}", *record.ideal_nats_per_token);
  fmt::print(" over {} tokens with {:.1f} in sight; {:.0f} tokens/s, {:.0f} MiB{}\n", record.tokens,
             record.mean_context, record.tokens_per_second, record.peak_memory_mib,
             found ? " (measured before)" : "");
  std::fflush(stdout);
}

/// A run's weights are what they are: what can be chosen here is how they are measured, and what a
/// scheme or attention can change after training.
void refuse_other_options(const Words& arguments) {
  for (const std::string& word : arguments) {
    const std::string name = word.substr(0, word.find('='));
    const bool known = name.starts_with("--evaluation.") || name.starts_with("--position.") ||
                       name == "--run.threads" || name == "--data.train" ||
                       name == "--data.valid" || name == "--data.test" || name == "--data.folder" ||
                       name == "--model.window" || name == "--model.sinks";
    if (!word.starts_with("--") || known) continue;
    fail(
        "evaluate: {} cannot change after training; it takes evaluation.*, position.*, "
        "model.window, "
        "model.sinks and run.threads",
        name);
  }
}

}  // namespace

int run_evaluate(const Words& arguments) {
  Config ignored;
  const Words folders = read_options(ignored, arguments);
  if (folders.empty()) fail("evaluate: no run folder is named");
  refuse_other_options(arguments);
  for (const std::string& folder : folders) {
    if (!RunFolder(folder).exists()) fail("{}: is no run folder: it has no config.ini", folder);
  }
  for (const std::string& folder : folders) {
    const Config trained = read_config(RunFolder(folder).config());
    Config config = trained;
    read_options(config, arguments);
    fmt::print("{}\n", one_line(folder));
    evaluate_run(folder, trained, config, print_record);
  }
  return 0;
}

}  // namespace lengthwise
