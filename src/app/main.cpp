#include <fmt/format.h>
#include <fmt/ranges.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <exception>
#include <memory>
#include <new>
#include <system_error>

#include "app/command.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/options.h"
#include "base/plain_text.h"
#include "base/text.h"
#include "build_info.h"

namespace lengthwise {
namespace {

bool is_of(const Option& option, std::string_view section) {
  return option.section() == section;
}

bool read_by_none(const Option&) {
  return false;
}
bool read_by_scheme(const Option& option) {
  return is_of(option, "model");
}
bool read_by_prepare(const Option& option) {
  return is_of(option, "data");
}
bool read_by_generate(const Option& option) {
  return option.name == "data.corpus";
}
bool read_by_train(const Option& option) {
  return !is_of(option, "experiment") && !is_of(option, "import") &&
         option.role != OptionRole::results;
}
bool read_by_evaluate(const Option& option) {
  return says_how_to_measure(option) || option.role == OptionRole::test_time ||
         option.role == OptionRole::text || says_where_to_compute(option);
}
bool read_by_experiment(const Option& option) {
  return option.name != "run.folder" && option.name != "run.profile" &&
         option.name != "run.dry_run" && !is_of(option, "import") && option.axis.empty();
}
bool read_by_import(const Option& option) {
  return option.name == "run.folder" || is_of(option, "import") ||
         option.role == OptionRole::text || says_how_to_measure(option);
}
bool read_by_compare(const Option& option) {
  return option.role == OptionRole::measurement || option.role == OptionRole::results;
}

// clang-format off
const Command kCommands[] = {
    {"schemes", "", "the positional schemes there are", read_by_none, run_schemes},
    {"scheme", "new NAME [KIND] | check FILE.py | conformance [NAME...]", "a scheme of your own as a file: an example to begin with, or what yours keeps; what the built-in ones are found to do", read_by_scheme, run_scheme},
    {"prepare", "CONFIG...", "text to token files, as [data] says", read_by_prepare, run_prepare},
    {"train", "CONFIG...", "train one run, or go on with one that was interrupted", read_by_train, run_train},
    {"evaluate", "RUN...", "perplexity of runs at every length of evaluation.lengths", read_by_evaluate, run_evaluate},
    {"import", "CHECKPOINT --run.folder RUN", "a Hugging Face folder (BLOOM, MPT, Llama, Mistral) as a run to evaluate", read_by_import, run_import},
    {"export", "RUN FOLDER", "a trained run as a Hugging Face folder with the same logits", read_by_none, run_export},
    {"experiment", "FILE...", "a grid of runs, trained, evaluated and compared", read_by_experiment, run_experiment},
    {"compare", "RUN... [--experiment.results FOLDER]", "table and curve of evaluated runs", read_by_compare, run_compare},
    {"generate", "FOLDER", "the built-in ideal-reader corpus as token files", read_by_generate, run_generate},
};
// clang-format on

/// UserError where the command line names an option that the command does not read.
void refuse_options_of_others(const Command& command, const Words& arguments) {
  Config config;
  OptionSet options;
  config.declare(options);
  for (const std::string& word : arguments) {
    const std::string name = word.starts_with("--") ? word.substr(2, word.find('=') - 2) : "";
    const auto option = std::ranges::find(options.all(), name, &Option::name);
    if (option == options.all().end() || command.reads(*option)) continue;
    Words readers;
    for (const Command& other : kCommands) {
      if (other.reads(*option)) readers.emplace_back(other.name);
    }
    fail("{}: {} does not read it; {} {}{}", name, command.name, fmt::join(readers, ", "),
         readers.size() == 1 ? "does" : "do",
         command.reads == read_by_experiment && !option->axis.empty()
             ? fmt::format(", and an experiment's runs take it from {}", option->axis)
             : "");
  }
}

void print_usage() {
  fmt::print(
      "lengthwise {}: trains transformers with pluggable positional schemes at short lengths and\n"
      "measures their perplexity at longer ones.\n\nUsage: lengthwise COMMAND ... "
      "[--section.option value]...\n\n",
      LENGTHWISE_VERSION);
  for (const Command& command : kCommands) {
    fmt::print("  {:<11}{}\n", command.name, command.summary);
  }
  fmt::print("\n`lengthwise COMMAND --help` shows what it takes and the options it reads.\n");
}

const Command& find_command(const std::string& name) {
  const auto* command = std::ranges::find(kCommands, name, &Command::name);
  if (command == std::end(kCommands)) {
    Words names;
    for (const Command& known : kCommands) names.emplace_back(known.name);
    fail("unknown command '{}'{}", name, known_names_hint(name, names));
  }
  return *command;
}

bool asks_for_help(const Words& words) {
  return std::ranges::any_of(
      words, [](const std::string& word) { return word == "--help" || word == "-h"; });
}

int run(const Words& words) {
  if (words.empty() || words[0] == "--help" || words[0] == "-h" || words[0] == "help") {
    print_usage();
    return 0;
  }
  if (words[0] == "--version") {
    fmt::print("lengthwise {} ({})\n", LENGTHWISE_VERSION, LENGTHWISE_COMMIT);
    return 0;
  }
  const Command& command = find_command(words[0]);
  const Words arguments(words.begin() + 1, words.end());
  if (asks_for_help(arguments)) {
    fmt::print("Usage: lengthwise {} {}\n\n  {}\n\n{}", command.name, command.usage,
               command.summary, options_help(command));
    return 0;
  }
  refuse_options_of_others(command, arguments);
  return command.run(arguments);
}

constexpr std::string_view kOutOfMemory =
    "out of memory; smaller: model.width, model.layers, training.batch_windows or "
    "evaluation.batch_tokens";

/// What the program says while it works, a line each, whatever the names in it hold.
class OneLine : public spdlog::custom_flag_formatter {
 public:
  void format(const spdlog::details::log_msg& message, const std::tm&,
              spdlog::memory_buf_t& line) override {
    const std::string text = one_line({message.payload.data(), message.payload.size()});
    line.append(text.data(), text.data() + text.size());
  }
  std::unique_ptr<custom_flag_formatter> clone() const override {
    return std::make_unique<OneLine>();
  }
};

void start_log() {
  spdlog::set_default_logger(spdlog::stderr_color_mt("lengthwise"));
  auto formatter = std::make_unique<spdlog::pattern_formatter>();
  formatter->add_flag<OneLine>('*').set_pattern("%*");
  spdlog::set_formatter(std::move(formatter));
}

int report_error(std::string_view message, int exit_code) {
  std::fflush(stdout);  // the error is the last line where both go to one file
  // Not by fmt::print, which throws where the line cannot be written.
  std::fputs(fmt::format("lengthwise: {}\n", one_line(message)).c_str(), stderr);
  return exit_code;
}

}  // namespace
}  // namespace lengthwise

int main(int argc, char** argv) {
  using namespace lengthwise;
  std::signal(SIGXFSZ, SIG_IGN);  // a file-size limit is then an error of write(), with a message
  std::signal(SIGPIPE, SIG_IGN);
  keep_freed_memory();
  start_log();
  try {
    const int exit_code = run(Words(argv + 1, argv + argc));
    // What was printed may still wait in memory: only now is it known whether it arrived.
    if (std::fflush(stdout) != 0 || std::ferror(stdout) != 0) {
      throw std::system_error(errno, std::generic_category(), "standard output cannot be written");
    }
    return exit_code;
  } catch (const UserError& error) {
    return report_error(error.what(), 2);
  } catch (const fs::filesystem_error& error) {
    return report_error(fmt::format("{}: {}", error.path1().string(), error.code().message()), 2);
  } catch (const std::bad_alloc&) {
    return report_error(kOutOfMemory, 1);
  } catch (const std::exception& error) {
    const std::string_view text = error.what();
    if (text.find("can't allocate memory") != text.npos) return report_error(kOutOfMemory, 1);
    // Below LibTorch's first line stand the frames of its stack.
    return report_error(text.substr(0, text.find('\n')), 1);
  }
}
