#pragma once

#include <array>
#include <atomic>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "experiment/config.h"

namespace lengthwise {

using Words = std::vector<std::string>;

/// A subcommand: a line of the table in commands.cpp and a file of its own. The exit code is 0
/// done, 1 the run failed; UserError becomes 2.
struct Command {
  std::string_view name;
  std::string_view usage;  // what follows the name
  std::string_view summary;
  bool (*reads)(const Option& option);  // on its command line; files may hold all sections
  int (*run)(const Words& arguments);
  std::array<std::string_view, 3> first_words{};  // what its first argument may be, where few may
};

/// All, in the order of `--help`.
std::span<const Command> commands();

int run_atlas(const Words& arguments);
int run_completion(const Words& arguments);
int run_doctor(const Words& arguments);
int run_manual(const Words& arguments);

int run_export(const Words& arguments);
int run_import(const Words& arguments);
int run_scheme(const Words& arguments);
int run_schemes(const Words& arguments);
int run_prepare(const Words& arguments);
int run_train(const Words& arguments);
int run_evaluate(const Words& arguments);
int run_experiment(const Words& arguments);
int run_compare(const Words& arguments);
int run_generate(const Words& arguments);

/// The command line of a command that takes config files: values of the files from left to right,
/// then those of the command line. -> the names of the options given. UserError where one is not
/// read under the values at hand, unless `check` leaves that to the caller.
enum class Unread { refuse, leave };
Words read_files_and_options(Config& config, const Words& arguments, Unread check = Unread::refuse);

/// What a command line without config files holds.
struct CommandLine {
  Words rest;   // what has no dashes
  Words given;  // names of options
};
CommandLine read_options(Config& config, const Words& arguments, Unread check = Unread::refuse);

/// The options that a command reads, with their defaults, for `--help`.
std::string options_help(const Command& command);

/// "lengthwise WORDS...", quoted where a shell would take a word apart.
std::string command_line(const Words& words);

/// Set by SIGINT and SIGTERM once this has been called: finish the step, save, say how to go on.
const std::atomic<bool>& stop_on_signals();

}  // namespace lengthwise
