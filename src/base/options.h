#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <limits>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace lengthwise {

/// What an option decides, said where it is declared: whoever must know asks the declaration.
enum class OptionRole {
  weights,                  // the weights that training ends with
  test_time,                // the weights too, but it may be changed after training
  weights_and_measurement,  // the weights, and what is measured, chosen anew for each
  tokens,        // which tokens: compared by the hash of what was read, never by names of files
  text,          // tokens too, but a trained model may be asked about others
  measurement,   // what is measured, and how
  asking,        // how a trained model is asked: stands beside what was changed after training
  grid,          // which runs an experiment has
  presentation,  // what is said and shown
  results,       // of that: which results stand on a page, and where
  machine,       // where and how fast: no number hangs on it but times and memory
};

/// One option: a field of an options struct under the name a user types.
struct Option {
  std::string name;  // "model.heads"
  std::string help;
  std::string default_text;
  std::function<void(std::string_view text)> assign;  // throws UserError, naming no origin
  std::function<std::string()> text;                  // the value as `assign` reads it
  OptionRole role = OptionRole::weights;
  std::vector<std::string> choices{};  // the names that it takes; empty: it is no such choice
  /// The list of [experiment] that gives this option a value a run: "experiment.seeds".
  std::string axis{};
  /// SHA-256 of the file that the value names, whose content decides, not its name; empty: the
  /// value names none.
  std::function<std::string()> content_hash = [] { return std::string(); };
  /// A value of a config file in that folder, as it would be from where the program was started.
  std::function<std::string(std::string_view text, const std::filesystem::path& folder)>
      found_from =
          [](std::string_view value, const std::filesystem::path&) { return std::string(value); };

  /// Says when the value is read, and what would make it be: "training.optimizer = sgd". Said
  /// twice, both must hold.
  Option& read_when(std::function<bool()> read, std::string condition);
  /// Says when a test_time option decides nothing but where training begins.
  Option& begins_training_when(std::function<bool()> begins);
  /// Whether the value is read under the values at hand.
  bool is_read() const { return unmet_condition().empty(); }
  /// What would make it be read; empty: it is.
  std::string unmet_condition() const;
  bool may_change_after_training() const;
  /// "model" of "model.heads".
  std::string_view section() const { return std::string_view(name).substr(0, name.find('.')); }

  Option& as(OptionRole its_role) {
    role = its_role;
    return *this;
  }
  Option& along(std::string its_axis) {
    axis = std::move(its_axis);
    return *this;
  }
  /// The value is a path, or empty.
  Option& as_file();

 private:
  struct Condition {
    std::function<bool()> holds;
    std::string text;
  };
  std::vector<Condition> conditions_;
  std::function<bool()> begins_training_;
};

/// What values a field takes; each says in words what would have been right.
template <class Number>
struct AtLeast {
  Number least;
};
template <class Number>
struct Between {
  Number least, most;  // both allowed
};
// clang 14 does not deduce the arguments of an aggregate by itself.
template <class Number>
AtLeast(Number) -> AtLeast<Number>;
template <class Number>
Between(Number, Number) -> Between<Number>;
struct OneOf {
  std::vector<std::string> names;
  std::map<std::string, std::string> aliases{};  // what else people write -> the name
  std::string_view file_ending{};  // a file whose name ends so is one too; empty: none is
};

/// Every option of a command, declared once by its structs:
///
///   void ModelOptions::declare(OptionSet& options) {
///     options.add("model.heads", heads, "attention heads a block", AtLeast{1});
///   }
///
/// The same declarations serve the files ([model] heads = 4, base/ini.h), the
/// command line (--model.heads 4), `--help`, and the resolved options written into a run folder.
/// A field may be int64_t, double, bool, std::string, or a vector of whole numbers or of words.
class OptionSet {
 public:
  /// The role of the options declared from here on; a single one may say another (Option::as).
  void role(OptionRole role) { role_ = role; }

  template <class Field>
  Option& add(std::string name, Field& field, std::string help) {
    return add_checked<Field>(std::move(name), field, std::move(help),
                              [](const Field&) { return std::string(); });
  }
  /// With what the value (of a list: each value) must satisfy: AtLeast, Between or OneOf.
  template <class Field, class Constraint>
  Option& add(std::string name, Field& field, std::string help, Constraint constraint) {
    Option& added = add_checked<Field>(
        std::move(name), field, std::move(help),
        [constraint](const Field& value) { return violation(value, constraint); });
    if constexpr (std::is_same_v<Constraint, OneOf>) added.choices = constraint.names;
    return added;
  }

  /// Takes the values of a file of sections; unknown, repeated and ill-typed keys are refused with
  /// the file, the line and the nearest known name.
  void read_file(const std::filesystem::path& path);
  /// Takes --name value and --name=value; gives back what has no dashes. Twice is refused.
  std::vector<std::string> read_command_line(const std::vector<std::string>& arguments);

  /// The names that the command line gave a value.
  const std::vector<std::string>& given() const { return given_; }
  /// UserError where one of those is not read under the values at hand, with what would have it be.
  void check_given_are_read() const;
  Option& find(std::string_view name);

  /// The options that `shown` lets through, as `--help` shows them.
  std::string help(const std::function<bool(const Option&)>& shown) const;
  /// The file that, read back, gives these values: the sections named, or all.
  std::string file_text(const std::vector<std::string>& sections = {}) const;
  const std::vector<Option>& all() const { return options_; }
  /// Those declared since there were `first`, for what is said of them together.
  std::span<Option> from(size_t first) { return std::span(options_).subspan(first); }

 private:
  /// Assigns with the violation as the error; `origin` goes before the message.
  void assign(const std::string& name, const std::string& value, const std::string& origin);
  std::vector<std::string> names() const;

  template <class Field>
  Option& add_checked(std::string name, Field& field, std::string help,
                      std::function<std::string(const Field&)> violation_of);

  template <class Value>
  static std::string violation(const Value& value, const auto& constraint);

  OptionRole role_ = OptionRole::weights;
  std::vector<Option> options_;
  std::vector<std::string> given_;
};

/// Text to value and back; UserError says what would have been right.
void parse_value(std::string_view text, int64_t& value);
void parse_value(std::string_view text, double& value);
void parse_value(std::string_view text, bool& value);
void parse_value(std::string_view text, std::string& value);
void parse_value(std::string_view text, std::vector<int64_t>& value);
void parse_value(std::string_view text, std::vector<std::string>& value);
std::string value_text(int64_t value);
std::string value_text(double value);
std::string value_text(bool value);
std::string value_text(const std::string& value);
std::string value_text(const std::vector<int64_t>& value);
std::string value_text(const std::vector<std::string>& value);

std::string range_violation(double value, double least, double most);
std::string name_violation(const std::string& value, const OneOf& choice);
[[noreturn]] void throw_value_error(const std::string& message);

template <class Value>
std::string OptionSet::violation(const Value& value, const auto& constraint) {
  if constexpr (requires {
                  value.empty();
                  value.front();
                } &&
                !std::is_same_v<Value, std::string>) {
    for (const auto& each : value) {
      if (std::string found = violation(each, constraint); !found.empty()) return found;
    }
    return {};
  } else if constexpr (requires { constraint.names; }) {
    return name_violation(value, constraint);
  } else if constexpr (requires { constraint.most; }) {
    return range_violation(static_cast<double>(value), static_cast<double>(constraint.least),
                           static_cast<double>(constraint.most));
  } else {
    return range_violation(static_cast<double>(value), static_cast<double>(constraint.least),
                           std::numeric_limits<double>::infinity());
  }
}

template <class Field>
Option& OptionSet::add_checked(std::string name, Field& field, std::string help,
                               std::function<std::string(const Field&)> violation_of) {
  Option& option = options_.emplace_back();
  option.name = std::move(name);
  option.help = std::move(help);
  option.default_text = value_text(field);
  option.assign = [&field, violation_of](std::string_view text) {
    Field value{};
    parse_value(text, value);
    if (auto found = violation_of(value); !found.empty()) throw_value_error(found);
    field = std::move(value);
  };
  option.text = [&field] { return value_text(field); };
  if constexpr (std::is_same_v<Field, bool>) option.choices = {"true", "false"};
  option.role = role_;
  return option;
}

}  // namespace lengthwise
