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
    for (const Command& other : commands()) {
      if (other.reads(*option)) readers.emplace_back(other.name);
    }
    fail("{}: {} does not read it; {} {}{}", name, command.name, fmt::join(readers, ", "),
         readers.size() == 1 ? "does" : "do",
         command.name == "experiment" && !option->axis.empty()
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
  for (const Command& command : commands()) {
    fmt::print("  {:<11}{}\n", command.name, command.summary);
  }
  fmt::print("\n`lengthwise COMMAND --help` shows what it takes and the options it reads.\n");
}

const Command& find_command(const std::string& name) {
  const auto command = std::ranges::find(commands(), name, &Command::name);
  if (command == commands().end()) {
    Words names;
    for (const Command& known : commands()) names.emplace_back(known.name);
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
