#include "app/command.h"

#include <csignal>

#include "base/error.h"
#include "base/options.h"

namespace lengthwise {
namespace {

std::atomic<bool> stop_requested = false;

}  // namespace

void read_files_and_options(Config& config, const Words& arguments) {
  OptionSet options;
  config.declare(options);
  // Read twice: once for the files' names, once more so that the command line wins over them.
  Config ignored;
  const Words files = read_options(ignored, arguments);
  if (files.empty()) fail("no config file is named; configs/ and experiments/ hold some");
  for (const std::string& file : files) options.read_file(file);
  options.read_command_line(arguments);
}

Words read_options(Config& config, const Words& arguments) {
  OptionSet options;
  config.declare(options);
  return options.read_command_line(arguments);
}

std::string options_help() {
  Config config;
  OptionSet options;
  config.declare(options);
  return options.help();
}

const std::atomic<bool>& stop_on_signals() {
  const auto request = [](int) { stop_requested = true; };
  std::signal(SIGINT, request);
  std::signal(SIGTERM, request);
  return stop_requested;
}

}  // namespace lengthwise
