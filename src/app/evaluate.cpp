#include <fmt/ranges.h>

#include <cstdio>

#include "app/command.h"
#include "base/error.h"
#include "base/options.h"
#include "base/plain_text.h"
#include "experiment/evaluate_run.h"
#include "experiment/model_files.h"
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

/// UserError where the command line asks for what this run cannot be measured with, or for a change
/// that changes nothing.
Config measured_config(const std::string& folder, const Config& trained, const Words& arguments) {
  Config config = trained;
  config.run.precision = RunOptions().precision;
  OptionSet options;
  config.declare(options);
  options.read_command_line(arguments);
  check_changes(trained, config);
  options.check_given_are_read();
  // What the run's own config says for another protocol is not meant here.
  for (const Option& option : options.all()) {
    if (says_how_to_measure(option) && !option.is_read()) option.assign(option.default_text);
  }
  Words changes;
  Config before = trained;
  OptionSet trained_options;
  before.declare(trained_options);
  for (const std::string& name : options.given()) {
    const Option& option = options.find(name);
    if (!may_change_after_training(option)) continue;
    if (option.text() == trained_options.find(name).text()) {
      fail("{}: changes nothing, {} was trained with {}; leave it out", name, folder,
           option.text());
    }
    changes.push_back(name);
  }
  Config unchanged = trained;
  unchanged.run = config.run;
  if (!changes.empty() && effective_options(unchanged) == effective_options(config)) {
    fail("{}: changes nothing, {} was trained so; leave it out", fmt::join(changes, ", "), folder);
  }
  config.validate();
  return config;
}

}  // namespace

int run_evaluate(const Words& arguments) {
  Config ignored;
  const Words folders = read_options(ignored, arguments, Unread::leave).rest;
  if (folders.empty()) fail("evaluate: no run folder is named");
  std::vector<std::pair<Config, Config>> trained_and_measured;
  for (const std::string& folder : folders) {
    if (!RunFolder(folder).exists()) fail("{}: is no run folder: it has no config.ini", folder);
    const Config trained = read_config(RunFolder(folder).config());
    trained_and_measured.emplace_back(trained, measured_config(folder, trained, arguments));
  }
  for (size_t i = 0; i < folders.size(); ++i) {
    const auto& [trained, config] = trained_and_measured[i];
    fmt::print("{}\n", one_line(folders[i]));
    evaluate_run(folders[i], trained, config, print_record);
  }
  return 0;
}

}  // namespace lengthwise
