#include "base/options.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <boost/program_options.hpp>
#include <cctype>
#include <cmath>
#include <set>
#include <sstream>

#include "base/error.h"
#include "base/files.h"
#include "base/ini.h"
#include "base/text.h"

namespace lengthwise {
namespace {

namespace po = boost::program_options;

po::options_description describe(
    const std::vector<Option>& options,
    const std::function<bool(const Option&)>& shown = [](const Option&) { return true; }) {
  po::options_description all("Options (in a file: [section] name = value)", 110, 60);
  for (const Option& option : options) {
    if (!shown(option)) continue;
    all.add_options()(option.name.c_str(),
                      po::value<std::string>()->default_value(option.default_text)->value_name("X"),
                      option.help.c_str());
  }
  return all;
}

/// The first part of a name; empty where it has one part alone.
std::string section_of(const std::string& name) {
  const size_t dot = name.find('.');
  return dot == std::string::npos ? "" : name.substr(0, dot);
}

/// Boost refuses `--name=` as an argument without its value; here it means the empty value.
std::vector<std::string> with_empty_values_apart(const std::vector<std::string>& arguments) {
  std::vector<std::string> apart;
  for (const std::string& argument : arguments) {
    if (argument.starts_with("--") && argument.find('=') + 1 == argument.size()) {
      apart.insert(apart.end(), {argument.substr(0, argument.size() - 1), ""});
    } else {
      apart.push_back(argument);
    }
  }
  return apart;
}

/// Where a value is forgotten, Boost takes the next option for it.
void refuse_option_as_value(const po::option& given) {
  if (given.original_tokens.size() < 2 || !given.original_tokens[1].starts_with("--")) return;
  fail("{0}: a value is missing before '{1}'; one that begins with dashes is given as --{0}=...",
       given.string_key, given.original_tokens[1]);
}

void refuse_single_dash(const std::string& argument) {
  if (argument.size() < 2 || argument.front() != '-') return;
  fail("unknown option '{}'; options begin with two dashes", argument);
}

/// The messages of Boost's parsers name the option but bring a full sentence around it.
[[noreturn]] void fail_with_syntax(const std::string& origin, const po::error& error) {
  fail("{}: {}", origin, error.what());
}

}  // namespace

Option& Option::read_when(std::function<bool()> read, std::string condition) {
  conditions_.push_back({std::move(read), std::move(condition)});
  return *this;
}

Option& Option::begins_training_when(std::function<bool()> begins) {
  begins_training_ = std::move(begins);
  return *this;
}

std::string Option::unmet_condition() const {
  std::vector<std::string> unmet;
  for (const Condition& condition : conditions_) {
    if (!condition.holds()) unmet.push_back(condition.text);
  }
  return fmt::format("{}", fmt::join(unmet, " and "));
}

Option& Option::as_file() {
  content_hash = [path = text] { return path().empty() ? "" : sha256_of_file(path()); };
  return *this;
}

bool Option::may_change_after_training() const {
  return role == OptionRole::test_time && !(begins_training_ && begins_training_());
}

void OptionSet::read_file(const fs::path& path) {
  std::set<std::string> set;
  for (const IniValue& given : read_ini(path)) {
    const std::string origin = fmt::format("{}:{}", path.string(), given.line);
    if (!set.insert(given.name).second) {
      fail("{}: {} is set twice in this file", origin, given.name);
    }
    const auto option = std::ranges::find(options_, given.name, &Option::name);
    const bool known = option != options_.end();
    assign(given.name, known ? option->found_from(given.value, path.parent_path()) : given.value,
           origin);
  }
}

std::vector<std::string> OptionSet::read_command_line(const std::vector<std::string>& arguments) {
  namespace style = po::command_line_style;
  given_.clear();
  std::vector<std::string> positional;
  try {
    const auto description = describe(options_);
    const auto parsed =
        po::command_line_parser(with_empty_values_apart(arguments))
            .options(description)
            .style(style::allow_long | style::long_allow_adjacent | style::long_allow_next)
            .allow_unregistered()
            .run();
    for (const auto& given : parsed.options) {
      if (given.position_key >= 0) {
        for (const std::string& argument : given.value) refuse_single_dash(argument);
        positional.insert(positional.end(), given.value.begin(), given.value.end());
      } else {
        refuse_option_as_value(given);
        if (std::ranges::find(given_, given.string_key) != given_.end()) {
          fail("{}: is given twice", given.string_key);
        }
        assign(given.string_key, given.value.empty() ? "" : given.value.front(), "");
        given_.push_back(given.string_key);
      }
    }
  } catch (const po::error& error) {
    fail_with_syntax("command line", error);
  }
  return positional;
}

void OptionSet::assign(const std::string& name, const std::string& value,
                       const std::string& origin) {
  const std::string before = origin.empty() ? "" : origin + ": ";
  const auto option = std::ranges::find(options_, name, &Option::name);
  if (option == options_.end()) {
    const auto nearest = nearest_name(name, names());
    fail("{}unknown option '{}'{}", before, name,
         nearest ? fmt::format("; did you mean '{}'?", *nearest) : "; --help lists the known ones");
  }
  if (value.find_first_of("\r\n") != std::string::npos) {
    // file_text could not be read back: a line ends a value.
    fail("{}{}: '{}' holds a line break, which no value may", before, name, value);
  }
  try {
    option->assign(value);
  } catch (const UserError& error) {
    fail("{}{}: '{}' {}", before, name, value, error.what());
  }
}

std::vector<std::string> OptionSet::names() const {
  std::vector<std::string> names;
  for (const Option& option : options_) names.push_back(option.name);
  return names;
}

void OptionSet::check_given_are_read() const {
  for (const Option& option : options_) {
    const std::string unmet = option.unmet_condition();
    if (unmet.empty() || std::ranges::find(given_, option.name) == given_.end()) continue;
    // Takes back what a file said: a built-in corpus wants nothing said of text.
    const bool takes_back = option.role == OptionRole::tokens || option.role == OptionRole::text ||
                            option.role == OptionRole::measurement;
    if (takes_back && option.text() == option.default_text) continue;
    fail("{}: {} is not read under the options at hand; it is with {}", option.name, option.text(),
         unmet);
  }
}

Option& OptionSet::find(std::string_view name) {
  const auto found = std::ranges::find(options_, name, &Option::name);
  if (found == options_.end()) throw std::invalid_argument("no option of this name is declared");
  return *found;
}

std::string OptionSet::help(const std::function<bool(const Option&)>& shown) const {
  std::ostringstream text;
  text << describe(options_, shown);
  return text.str();
}

std::string OptionSet::file_text(const std::vector<std::string>& sections) const {
  std::string text, section;
  // Names without a section can only stand before the first one.
  std::vector<Option> ordered = options_;
  std::stable_partition(ordered.begin(), ordered.end(),
                        [](const Option& option) { return section_of(option.name).empty(); });
  for (const Option& option : ordered) {
    const std::string current = section_of(option.name);
    if (!sections.empty() && std::ranges::find(sections, current) == sections.end()) continue;
    if (current != section) {
      text += fmt::format("{}[{}]\n", text.empty() ? "" : "\n", current);
      section = current;
    }
    text += fmt::format("{} = {}\n", option.name.substr(section.empty() ? 0 : section.size() + 1),
                        ini_value(option.text()));
  }
  return text;
}

void throw_value_error(const std::string& message) {
  throw UserError(message);
}

std::string range_violation(double value, double least, double most) {
  if (value >= least && value <= most) return {};
  if (std::isinf(most)) return fmt::format("is out of range: at least {}", least);
  return fmt::format("is out of range: {} to {}", least, most);
}

std::string name_violation(const std::string& value, const OneOf& choice) {
  if (std::ranges::find(choice.names, value) != choice.names.end()) return {};
  if (!choice.file_ending.empty() && value.ends_with(choice.file_ending)) return {};
  std::string plain = value;
  for (char& c : plain) {
    c = c == '-' || c == ' ' ? '_' : static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  const auto alias = choice.aliases.find(plain);
  const std::string meant = alias == choice.aliases.end() ? value : alias->second;
  return "is unknown" + known_names_hint(meant, choice.names);
}

void parse_value(std::string_view text, int64_t& value) {
  const auto parsed = parse_integer(trim(text));
  if (!parsed) throw_value_error("is no whole number");
  value = *parsed;
}

void parse_value(std::string_view text, double& value) {
  const auto parsed = parse_real(trim(text));
  if (!parsed) throw_value_error("is no number");
  value = *parsed;
}

void parse_value(std::string_view text, bool& value) {
  text = trim(text);
  if (text != "true" && text != "false") throw_value_error("is neither true nor false");
  value = text == "true";
}

void parse_value(std::string_view text, std::string& value) {
  value = std::string(trim(text));
}

void parse_value(std::string_view text, std::vector<int64_t>& value) {
  for (const std::string& piece : split(text)) {
    const auto parsed = parse_integer(piece);
    if (!parsed) throw_value_error("is no list of whole numbers");
    value.push_back(*parsed);
  }
}

void parse_value(std::string_view text, std::vector<std::string>& value) {
  value = split(text);
}

std::string value_text(int64_t value) {
  return fmt::format("{}", value);
}

std::string value_text(double value) {
  return fmt::format("{}", value);  // the shortest text that reads back as the same double
}

std::string value_text(bool value) {
  return value ? "true" : "false";
}

std::string value_text(const std::string& value) {
  return value;
}

std::string value_text(const std::vector<int64_t>& value) {
  return fmt::format("{}", fmt::join(value, " "));
}

std::string value_text(const std::vector<std::string>& value) {
  return fmt::format("{}", fmt::join(value, " "));
}

}  // namespace lengthwise
