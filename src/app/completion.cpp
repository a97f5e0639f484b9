#include <fmt/format.h>
#include <fmt/ranges.h>

#include "app/command.h"
#include "app/shells/shells.h"
#include "base/error.h"
#include "base/options.h"
#include "base/text.h"

namespace lengthwise {
namespace {

/// Every option that some command reads, with those commands.
struct Completed {
  const Option& option;
  Words commands;
};

std::vector<Completed> completed(const OptionSet& options) {
  std::vector<Completed> all;
  for (const Option& option : options.all()) {
    Words readers;
    for (const Command& command : commands()) {
      if (command.reads(option)) readers.emplace_back(command.name);
    }
    if (!readers.empty()) all.push_back({option, readers});
  }
  return all;
}

Words first_words(const Command& command) {
  Words words;
  for (const std::string_view word : command.first_words) {
    if (!word.empty()) words.emplace_back(word);
  }
  return words;
}

Words command_names() {
  Words names;
  for (const Command& command : commands()) names.emplace_back(command.name);
  return names;
}

/// In single quotes, as all three shells read them; fish alone has a backslash inside.
std::string quoted(std::string_view text, std::string_view quote_inside) {
  std::string result = "'";
  for (const char c : text) result += c == '\'' ? std::string(quote_inside) : std::string(1, c);
  return result + "'";
}

/// What stands in a script for the @NAMES@ of its template.
struct Parts {
  std::string commands, options, values, first_words;
};

std::string filled(std::string_view shell_template, const Parts& parts) {
  std::string script(shell_template);
  const auto put = [&](std::string_view name, std::string_view text) {
    // A list ends with its line, as the template's does.
    if (text.ends_with('\n')) text.remove_suffix(1);
    script.replace(script.find(name), name.size(), text);
  };
  put("@COMMANDS@", parts.commands);
  put("@OPTIONS@", parts.options);
  if (script.find("@VALUES@") != script.npos) put("@VALUES@", parts.values);
  put("@FIRST_WORDS@", parts.first_words);
  return script;
}

std::string in_bash(const std::vector<Completed>& options) {
  Parts parts{.commands = fmt::format("{}", fmt::join(command_names(), " "))};
  for (const Command& command : commands()) {
    Words names;
    for (const Completed& each : options) {
      if (command.reads(each.option)) names.push_back("--" + each.option.name);
    }
    if (!names.empty()) {
      parts.options +=
          fmt::format("      {}) words='{}' ;;\n", command.name, fmt::join(names, " "));
    }
    if (const Words words = first_words(command); !words.empty()) {
      parts.first_words +=
          fmt::format("      {}) words='{}' ;;\n", command.name, fmt::join(words, " "));
    }
  }
  for (const Completed& each : options) {
    if (each.option.choices.empty()) continue;
    parts.values += fmt::format("      --{}) words='{}' ;;\n", each.option.name,
                                fmt::join(each.option.choices, " "));
  }
  return filled(kBashCompletion, parts);
}

std::string in_zsh(const std::vector<Completed>& options) {
  const auto described = [](std::string_view name, std::string_view summary) {
    return quoted(fmt::format("{}:{}", name, summary), "'\\''");
  };
  Parts parts;
  for (const Command& command : commands()) {
    parts.commands += fmt::format("      {}\n", described(command.name, command.summary));
    std::string its;
    for (const Completed& each : options) {
      if (!command.reads(each.option)) continue;
      its += fmt::format("        {}\n", described("--" + each.option.name, each.option.help));
    }
    if (!its.empty()) {
      parts.options += fmt::format("      {}) found=(\n{}      ) ;;\n", command.name, its);
    }
    if (const Words words = first_words(command); !words.empty()) {
      parts.first_words +=
          fmt::format("      {}) compadd {} ;;\n", command.name, fmt::join(words, " "));
    }
  }
  for (const Completed& each : options) {
    if (each.option.choices.empty()) continue;
    parts.values += fmt::format("      --{}) compadd {} ;;\n", each.option.name,
                                fmt::join(each.option.choices, " "));
  }
  return filled(kZshCompletion, parts);
}

std::string in_fish(const std::vector<Completed>& options) {
  const auto word = [](std::string_view text) { return quoted(text, "\\'"); };
  Parts parts;
  for (const Command& command : commands()) {
    parts.commands +=
        fmt::format("complete -c lengthwise -n __fish_use_subcommand -f -a {} -d {}\n",
                    command.name, word(command.summary));
    if (const Words words = first_words(command); !words.empty()) {
      parts.first_words +=
          fmt::format("complete -c lengthwise -n '__fish_seen_subcommand_from {}' -f -a '{}'\n",
                      command.name, fmt::join(words, " "));
    }
  }
  for (const Completed& each : options) {
    const Words& choices = each.option.choices;
    parts.options +=
        fmt::format("complete -c lengthwise -n '__fish_seen_subcommand_from {}' -l {} -r{} -d {}\n",
                    fmt::join(each.commands, " "), each.option.name,
                    choices.empty() ? "" : fmt::format(" -f -a '{}'", fmt::join(choices, " ")),
                    word(each.option.help));
  }
  return filled(kFishCompletion, parts);
}

struct Shell {
  std::string_view name;
  std::string (*script)(const std::vector<Completed>&);
};
const Shell kShells[] = {{"bash", in_bash}, {"zsh", in_zsh}, {"fish", in_fish}};

}  // namespace

int run_completion(const Words& arguments) {
  if (arguments.size() != 1) fail("completion: takes one of bash, zsh, fish");
  Config config;
  OptionSet options;
  config.declare(options);
  for (const Shell& shell : kShells) {
    if (shell.name != arguments[0]) continue;
    fmt::print("{}", shell.script(completed(options)));
    return 0;
  }
  fail("completion: '{}' is none of bash, zsh, fish", arguments[0]);
}

}  // namespace lengthwise
