#include <fmt/format.h>
#include <fmt/ranges.h>

#include "app/command.h"
#include "base/error.h"
#include "base/options.h"
#include "build_info.h"

namespace lengthwise {
namespace {

/// Text as roff reads it: what it would take for a request, an escape or a hyphen is said plainly.
std::string roff(std::string_view text) {
  std::string result;
  if (text.starts_with('.') || text.starts_with('\'')) result += "\\&";
  for (const char c : text) {
    if (c == '\\') {
      result += "\\e";
    } else if (c == '-') {
      result += "\\-";
    } else {
      result += c;
    }
  }
  return result;
}

std::string tagged(std::string_view tag, std::string_view argument, std::string_view text) {
  return fmt::format(".TP\n\\fB{}\\fR{}\n{}\n", roff(tag),
                     argument.empty() ? "" : fmt::format(" \\fI{}\\fR", roff(argument)),
                     roff(text));
}

std::string command_part() {
  std::string text = ".SH COMMANDS\n";
  for (const Command& command : commands()) {
    text += tagged(command.name, command.usage, fmt::format("{}.", command.summary));
  }
  return text;
}

std::string option_text(const Option& option) {
  Words readers;
  for (const Command& command : commands()) {
    if (command.reads(option)) readers.emplace_back(command.name);
  }
  std::string text = option.help + ".";
  if (!option.choices.empty() && option.choices.size() <= 12) {
    text += fmt::format(" One of {}.", fmt::join(option.choices, ", "));
  }
  if (!option.default_text.empty()) text += fmt::format(" Default: {}.", option.default_text);
  if (!readers.empty()) text += fmt::format(" Read by {}.", fmt::join(readers, ", "));
  return text;
}

std::string option_part(const OptionSet& options) {
  std::string text =
      ".SH OPTIONS\nOn the command line as \\-\\-section.name \\fIvalue\\fR, in a file as "
      "\\fIname\\fR = "
      "\\fIvalue\\fR under [section].\n";
  std::string_view section;
  for (const Option& option : options.all()) {
    if (option.section() != section) {
      section = option.section();
      text += fmt::format(".SS [{}]\n", roff(section));
    }
    text += tagged("--" + option.name, "value", option_text(option));
  }
  return text;
}

}  // namespace

int run_manual(const Words& arguments) {
  if (!arguments.empty()) fail("manual: takes no argument, not '{}'", arguments[0]);
  Config config;
  OptionSet options;
  config.declare(options);
  fmt::print(R"(.TH LENGTHWISE 1 "" "lengthwise {}" "User Commands"
.SH NAME
lengthwise \- train transformers with any positional scheme at short lengths, measure them at longer ones
.SH SYNOPSIS
.B lengthwise
\fIcommand\fR [\fIfile\fR...] [\fB\-\-section.option\fR \fIvalue\fR]...
.SH DESCRIPTION
Trains small transformers with pluggable positional schemes at short lengths from config files, measures their
perplexity at longer lengths, and makes the comparison tables and curves.
A run is a folder: its options, weights, log and measurements.
{}{}.SH EXIT STATUS
0 where it was done, 1 where a run failed, 2 where what was asked for is not possible; one line then says what would be.
.SH EXAMPLES
.nf
lengthwise train configs/ideal\-reader.ini \-\-position.scheme rotary \-\-run.folder runs/rotary
lengthwise evaluate runs/rotary \-\-evaluation.lengths "64 256 1024"
lengthwise experiment experiments/quickstart.ini
.fi
)",
             LENGTHWISE_VERSION, command_part(), option_part(options));
  return 0;
}

}  // namespace lengthwise
