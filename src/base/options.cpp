#include "base/options.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <boost/program_options.hpp>
#include <cctype>
#include <cmath>
#include <fstream>
#include <map>
#include <sstream>

#include "base/error.h"
#include "base/files.h"
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

/// "config.ini:12" for the line that sets `name` for the n-th time. Boost.Program_options does not
/// keep line numbers, so this reads the same syntax again; the file alone where it finds none.
std::string origin_in_file(const fs::path& path, const std::string& name, int occurrence) {
  std::ifstream file(path);
  std::string line, section;
  for (int number = 1; std::getline(file, line); ++number) {
    const std::string text(trim(line.substr(0, line.find('#'))));
    if (text.size() > 1 && text.front() == '[' && text.back() == ']') {
      section = text.substr(1, text.size() - 2) + '.';
    } else if (const size_t equals = text.find('='); equals != std::string::npos) {
      if (section + std::string(trim(text.substr(0, equals))) == name && --occurrence == 0) {
        return fmt::format("{}:{}", path.string(), number);
      }
    }
  }
  return path.string();
}

/// The first line that is neither a section, a value, nor a comment, by its number.
std::string syntax_error(const fs::path& path, std::string_view otherwise) {
  std::ifstream file(path);
  std::string line;
  for (int number = 1; std::getline(file, line); ++number) {
    const std::string text(trim(line.substr(0, line.find('#'))));
    const bool section = text.size() > 1 && text.front() == '[' && text.back() == ']';
    if (text.empty() || section || text.find('=') != text.npos) continue;
    return fmt::format("{}:{}: '{}' is neither [section] nor name = value", path.string(), number,
                       text.substr(0, 60));
  }
  return fmt::format("{}: {}", path.string(), otherwise);
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

bool Option::may_change_after_training() const {
  return role == OptionRole::test_time && !(begins_training_ && begins_training_());
}

void OptionSet::read_file(const fs::path& path) {
  std::istringstream text(lengthwise::read_file(path));
  po::parsed_options parsed(nullptr);
  try {
    parsed = po::parse_config_file(text, describe(options_), /*allow_unregistered=*/true);
  } catch (const po::error& error) {
    fail("{}", syntax_error(path, error.what()));
  }
  std::map<std::string, int> times_set;
  for (const auto& given : parsed.options) {
    const int occurrence = ++times_set[given.string_key];
    const std::string origin = origin_in_file(path, given.string_key, occurrence);
    if (occurrence > 1) {
      fail("{}: {} is set twice in this file", origin, given.string_key);
    }
    assign(given.string_key, given.value.empty() ? "" : given.value.front(), origin);
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
  if (value.find_first_of("#\n") != std::string::npos) {
    // file_text could not be read back: # begins a comment there, and a line ends a value.
    fail("{}{}: '{}' holds a # or a line break, which no value may", before, name, value);
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
                        option.text());
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
