#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <cstdio>

#include "app/command.h"
#include "app/examples/examples.h"
#include "base/error.h"
#include "base/files.h"
#include "base/plain_text.h"
#include "base/text.h"
#include "contract/conformance.h"
#include "contract/scheme_contract.h"
#include "experiment/provenance.h"
#include "position/registry.h"

namespace lengthwise {
namespace {

struct Example {
  std::string_view kind, text;
};

// The first is written as it stands where no kind is named, the others below it as comments.
const Example kExamples[] = {
    {"bias", kBiasExample},     {"key_bias", kKeyBiasExample}, {"pair_bias", kPairBiasExample},
    {"change", kChangeExample}, {"rotate", kRotateExample},    {"embed", kEmbedExample},
};

std::string as_comment(std::string_view text) {
  std::string lines;
  for (const std::string_view line : lines_of(text)) {
    lines += line.empty() ? "#\n" : fmt::format("# {}\n", line);
  }
  return lines;
}

std::string all_examples() {
  std::string text(kExamples[0].text);
  for (const Example& example : kExamples) {
    if (&example == kExamples) continue;
    text += fmt::format(
        "\n\n# ---- Another kind, {}. One file has one kind of bias; `lengthwise "
        "scheme new NAME {}` writes this one alone.\n#\n{}",
        example.kind, example.kind, as_comment(example.text));
  }
  return text;
}

std::string example_of(const std::string& kind) {
  const auto* found = std::ranges::find(kExamples, kind, &Example::kind);
  if (found != std::end(kExamples)) return std::string(found->text);
  Words kinds;
  for (const Example& example : kExamples) kinds.emplace_back(example.kind);
  fail("scheme new: kind '{}' is unknown{}", kind, known_names_hint(kind, kinds));
}

int write_example(const Words& words) {
  if (words.empty() || words.size() > 2) {
    fail("scheme new: takes a name and, if you like, a kind, not {} words", words.size());
  }
  const std::string path = words[0].ends_with(".py") ? words[0] : words[0] + ".py";
  scheme_name(path);  // one that could never be used is refused here
  if (fs::exists(path)) fail("scheme new: {} exists; choose another name", path);
  const fs::path folder = fs::path(path).parent_path();
  if (!folder.empty() && !fs::is_directory(folder)) {
    fail("scheme new: {} is no folder; make it first", folder.string());
  }
  write_file(path, words.size() == 2 ? example_of(words[1]) : all_examples());
  fmt::print("written: {0}\ncheck it with: {1}\ntrain it with: {2}\n", one_line(path),
             command_line({"scheme", "check", path}),
             command_line({"train", "configs/ideal-reader.ini", "--position.scheme", path}));
  return 0;
}

int check_file(const Words& words, const Config& config) {
  if (words.size() != 1) fail("scheme check: names {} files; it takes one", words.size());
  scheme_name(words[0]);
  bool holds = true;
  const auto say = [&](const Finding& finding) {
    fmt::print("{:<14} {:<6} {}\n", finding.subject, finding.holds ? "" : "FAILS",
               one_line(finding.sentence));
    std::fflush(stdout);
    holds = holds && finding.holds;
  };
  config.model.validate();
  examine_scheme_file(words[0], config.model, say);
  fmt::print("{}\n",
             holds ? "All that every scheme keeps holds." : "Not all of it holds: see FAILS.");
  return holds ? 0 : 1;
}

/// Of the schemes named, or of all: the page on standard output, what is being measured beside it.
int print_conformance(const Words& names, const Config& config) {
  config.model.validate();
  Words schemes = names.empty() ? scheme_names() : names;
  for (const std::string& name : schemes) scheme_entry(name);
  const ConformanceRequest request{.shape = config.model.shape()};
  std::vector<Conformance> found;
  for (const std::string& name : schemes) {
    spdlog::info("{} ({} of {})", name, found.size() + 1, schemes.size());
    found.push_back(conformance_of(config.position.with_scheme(name), request));
  }
  const Provenance made = provenance();
  fmt::print("{}", conformance_page(found, request, made.machine, made.version));
  return 0;
}

}  // namespace

int run_scheme(const Words& arguments) {
  Config config;
  Words words = read_options(config, arguments).rest;
  if (words.empty()) fail("scheme: takes `check FILE.py`, `new NAME` or `conformance`");
  const std::string what = words[0];
  words.erase(words.begin());
  if (what == "new") return write_example(words);
  if (what == "conformance") return print_conformance(words, config);
  if (what != "check") {
    fail("scheme: '{}' is unknown{}", what,
         known_names_hint(what, {"check", "new", "conformance"}));
  }
  if (words.size() == 1 && !words[0].ends_with(".py")) {
    fail("scheme check: '{}' is no scheme file; its name ends with .py", words[0]);
  }
  return check_file(words, config);
}

}  // namespace lengthwise
