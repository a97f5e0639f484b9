#include "app/command.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <csignal>

#include "base/error.h"
#include "base/options.h"

namespace lengthwise {
namespace {

std::atomic<bool> stop_requested = false;

/// $'...', in which what steers a terminal stands as a number.
std::string ansi_c_quoted(const std::string& word) {
  std::string quoted = "$'";
  for (const char c : word) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < ' ' || byte == 0x7F) {
      quoted += fmt::format("\\x{:02x}", byte);
    } else {
      if (c == '\'' || c == '\\') quoted += '\\';
      quoted += c;
    }
  }
  return quoted + "'";
}

std::string shell_word(const std::string& word) {
  const bool plain = std::ranges::all_of(word, [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) ||
           std::string_view("-_./=:,+@").find(c) != std::string_view::npos;
  });
  if (plain && !word.empty()) return word;
  const auto steers = [](char c) { return static_cast<unsigned char>(c) < ' ' || c == '\x7F'; };
  if (std::ranges::any_of(word, steers)) return ansi_c_quoted(word);
  std::string quoted = "'";
  for (const char c : word) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return quoted + "'";
}

}  // namespace

Words read_files_and_options(Config& config, const Words& arguments, Unread check) {
  OptionSet options;
  config.declare(options);
  // Read twice: once for the files' names, once more so that the command line wins over them.
  Config ignored;
  const Words files = read_options(ignored, arguments, Unread::leave).rest;
  if (files.empty()) fail("no config file is named; configs/ and experiments/ hold some");
  for (const std::string& file : files) options.read_file(file);
  options.read_command_line(arguments);
  if (check == Unread::refuse) options.check_given_are_read();
  return options.given();
}

CommandLine read_options(Config& config, const Words& arguments, Unread check) {
  OptionSet options;
  config.declare(options);
  const Words rest = options.read_command_line(arguments);
  if (check == Unread::refuse) options.check_given_are_read();
  return {rest, options.given()};
}

std::string options_help(const Command& command) {
  Config config;
  OptionSet options;
  config.declare(options);
  return options.help(command.reads);
}

std::string command_line(const Words& words) {
  std::string line = "lengthwise";
  for (const std::string& word : words) line += ' ' + shell_word(word);
  return line;
}

const std::atomic<bool>& stop_on_signals() {
  const auto request = [](int) { stop_requested = true; };
  std::signal(SIGINT, request);
  std::signal(SIGTERM, request);
  return stop_requested;
}

}  // namespace lengthwise
