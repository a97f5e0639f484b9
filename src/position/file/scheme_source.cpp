#include "position/file/scheme_source.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <optional>

#include "base/error.h"
#include "base/ini.h"
#include "base/text.h"

namespace lengthwise {
namespace {

constexpr std::string_view kModules[] = {"torch", "torch.nn", "torch.nn.functional", "math",
                                         "typing"};

bool is_identifier(std::string_view text) {
  const auto is_letter = [](char c) { return std::isalpha(static_cast<unsigned char>(c)) != 0; };
  const auto is_digit = [](char c) { return std::isdigit(static_cast<unsigned char>(c)) != 0; };
  return !text.empty() && !is_digit(text[0]) &&
         std::ranges::all_of(text, [&](char c) { return is_letter(c) || is_digit(c) || c == '_'; });
}

/// A line as Python counts them: what stands in brackets or in a long string goes on.
struct LogicalLine {
  std::string text;  // without its comment
  int64_t line;      // the first, from 1
  int64_t lines;     // of the file, that it takes
};

/// Reads lines as Python does, as far as strings, comments, brackets and backslashes go. Takes a
/// comma out before '}', which LibTorch's compiler does not know there.
class LineReader {
 public:
  LineReader(const std::string& path, std::string& text) : path_(path), text_(text) {}

  std::vector<LogicalLine> read() {
    while (at_ < text_.size()) step();
    if (!quote_.empty()) fail_in_scheme_file(path_, string_line_, "a string has no end");
    if (depth_ > 0) fail_in_scheme_file(path_, current_.line, "a bracket is not closed");
    end_line();
    return lines_;
  }

 private:
  void step() {
    const char c = text_[at_];
    if (c == '\n') ++line_;
    if (!quote_.empty()) return step_in_string(c);
    if (c == '#') return skip_comment();
    if (c == '"' || c == '\'') return begin_string(c);
    if (c == '\\' && at_ + 1 < text_.size() && text_[at_ + 1] == '\n') {
      ++line_;
      at_ += 2;
      return;
    }
    if (c == '}') take_out_comma();
    if (c == ',') comma_ = Comma{at_, current_.text.size()};
    if (c != ',' && std::isspace(static_cast<unsigned char>(c)) == 0) comma_.reset();
    if (c == '(' || c == '[' || c == '{') ++depth_;
    if (c == ')' || c == ']' || c == '}') --depth_;
    ++at_;
    if (c == '\n' && depth_ <= 0) {
      depth_ = 0;
      end_line();
    } else {
      current_.text += c;
    }
  }

  void step_in_string(char c) {
    if (rest().starts_with(quote_)) {
      current_.text += quote_;
      at_ += quote_.size();
      quote_.clear();
      return;
    }
    if (c == '\n' && quote_.size() == 1) {
      fail_in_scheme_file(path_, string_line_, "a string has no end");
    }
    const size_t count = c == '\\' && at_ + 1 < text_.size() ? 2 : 1;
    if (count == 2 && text_[at_ + 1] == '\n') ++line_;
    current_.text += text_.substr(at_, count);
    at_ += count;
  }

  std::string_view rest() const { return std::string_view(text_).substr(at_); }

  void take_out_comma() {
    if (!comma_) return;
    text_[comma_->in_file] = ' ';
    current_.text[comma_->in_line] = ' ';
  }

  void begin_string(char c) {
    comma_.reset();
    const std::string three(3, c);
    quote_ = rest().starts_with(three) ? three : std::string(1, c);
    string_line_ = line_;
    current_.text += quote_;
    at_ += quote_.size();
  }

  void skip_comment() { at_ = std::min(text_.find('\n', at_), text_.size()); }

  void end_line() {
    current_.lines = line_ - current_.line;
    if (!trim(current_.text).empty()) lines_.push_back(current_);
    current_ = {{}, line_, 0};
  }

  struct Comma {
    size_t in_file, in_line;
  };

  const std::string& path_;
  std::string& text_;
  std::optional<Comma> comma_;  // where nothing but blanks and comments stands after it
  size_t at_ = 0;
  int64_t line_ = 1, string_line_ = 1, depth_ = 0;
  std::string quote_;  // that ends the string at hand
  LogicalLine current_{{}, 1, 0};
  std::vector<LogicalLine> lines_;
};

bool is_string(std::string_view statement) {
  return statement.starts_with('"') || statement.starts_with('\'');
}

/// The first line of words of a docstring or a comment.
std::string first_words(std::string_view text) {
  for (const std::string_view line : lines_of(text)) {
    std::string_view words = trim(line);
    while (!words.empty() && std::string_view("#!\"' ").find(words[0]) != std::string_view::npos) {
      words.remove_prefix(1);
    }
    while (words.ends_with('"') || words.ends_with('\'')) words.remove_suffix(1);
    words = trim(words);
    if (!words.empty()) {
      const bool speaks = trim(line).starts_with('#') || is_string(trim(line));
      return speaks ? std::string(words) : std::string();
    }
  }
  return {};
}

class SourceReader {
 public:
  explicit SourceReader(SchemeSource& source) : source_(source), text_(source.text) {}

  void read() {
    const std::vector<LogicalLine> logical = LineReader(source_.path, text_).read();
    lines_ = lines_of(text_);
    for (size_t i = 0; i < logical.size();) {
      size_t end = i + 1;  // of the block that is indented below it
      while (end < logical.size() && is_indented(logical[end])) ++end;
      take(logical, i, end);
      i = end;
    }
    for (const std::string& line : kept_) source_.functions += line + '\n';
  }

 private:
  static bool is_indented(const LogicalLine& line) {
    return line.text[0] == ' ' || line.text[0] == '\t';
  }

  void take(const std::vector<LogicalLine>& logical, size_t begin, size_t end) {
    const LogicalLine& first = logical[begin];
    const std::string statement(trim(first.text));
    if (is_indented(first)) fail_in_scheme_file(source_.path, first.line, "unexpected indent");
    if (statement.starts_with("def ")) return keep(first.line, last_line(logical[end - 1]));
    if (statement.starts_with("if ") && statement.find("__name__") != std::string::npos) return;
    if (end > begin + 1) {
      fail_in_scheme_file(source_.path, first.line,
                          fmt::format("'{}' cannot stand at the outermost level; imports of "
                                      "torch, math and typing, constants and functions can",
                                      statement));
    }
    if (is_string(statement)) return;
    if (statement.starts_with("import ")) return take_import(first, statement.substr(7));
    if (statement.starts_with("from ")) return take_from_import(first, statement.substr(5));
    take_constant(first, statement);
  }

  static int64_t last_line(const LogicalLine& line) {
    return line.line + std::max<int64_t>(line.lines, 1) - 1;
  }

  void keep(int64_t first, int64_t last) {
    kept_.resize(static_cast<size_t>(first - 1));
    for (int64_t line = first; line <= last && line <= std::ssize(lines_); ++line) {
      kept_.emplace_back(lines_[static_cast<size_t>(line - 1)]);
    }
  }

  void check_module(const LogicalLine& line, const std::string& module) const {
    if (std::ranges::find(kModules, module) != std::end(kModules)) return;
    fail_in_scheme_file(source_.path, line.line,
                        fmt::format("imports {}; a scheme file may import torch, "
                                    "torch.nn.functional, math and typing",
                                    module));
  }

  /// "torch.nn.functional as F, math"
  void take_import(const LogicalLine& line, const std::string& names) {
    for (const std::string& each : split(names, ",")) {
      const auto words = split(each, " \t");
      if (words.empty()) continue;
      check_module(line, words[0]);
      if (words.size() == 3 && words[1] == "as") {
        source_.imports[words[2]] = words[0];
      } else {
        const std::string first = words[0].substr(0, words[0].find('.'));
        source_.imports[first] = first;
      }
    }
  }

  /// "math import pi, log as ln"
  void take_from_import(const LogicalLine& line, std::string rest) {
    std::ranges::replace_if(
        rest, [](char c) { return c == '(' || c == ')' || c == '\n'; }, ' ');
    const size_t import = rest.find(" import ");
    const std::string module(trim(rest.substr(0, import)));
    if (module == "__future__") return;
    check_module(line, module);
    if (import == std::string::npos)
      fail_in_scheme_file(source_.path, line.line, "imports nothing");
    for (const std::string& each : split(rest.substr(import + 8), ",")) {
      const auto words = split(each, " \t");
      if (words.empty()) continue;
      source_.imports[words.size() == 3 ? words[2] : words[0]] = module + "." + words[0];
    }
  }

  void take_constant(const LogicalLine& line, const std::string& statement) {
    const size_t equals = statement.find('=');
    const size_t name_end = std::min(statement.find(':'), equals);
    const std::string name(trim(statement.substr(0, name_end)));
    if (equals == std::string::npos || statement.substr(equals).starts_with("==") ||
        !is_identifier(name)) {
      fail_in_scheme_file(source_.path, line.line,
                          fmt::format("'{}' cannot stand at the outermost level; imports of "
                                      "torch, math and typing, constants (NAME = value) and "
                                      "functions can",
                                      statement));
    }
    source_.constants.push_back({name, std::string(trim(statement.substr(equals + 1))), line.line});
  }

  SchemeSource& source_;
  std::string text_;  // as the compiler takes it
  std::vector<std::string_view> lines_;
  std::vector<std::string> kept_;
};

}  // namespace

bool names_scheme_file(std::string_view scheme) {
  return scheme.ends_with(kSchemeFileEnding);
}

std::string scheme_file_name(const std::string& path) {
  std::string name = fs::path(path).stem().string();
  if (!is_identifier(name)) {
    fail(
        "position.scheme: '{}': a scheme file's name, which tables and folders take, is letters, "
        "digits and '_', then .py",
        path);
  }
  return name;
}

SchemeSource read_scheme_source(const std::string& path) {
  if (!fs::exists(path)) {
    fail("position.scheme: {} is not there; `lengthwise scheme new NAME` writes an example", path);
  }
  SchemeSource source;
  source.path = path;
  source.name = scheme_file_name(path);
  source.text = read_text_file(path);
  source.hash = sha256_of_text(source.text);
  source.summary = first_words(source.text);
  SourceReader(source).read();
  return source;
}

void fail_in_scheme_file(const std::string& path, int64_t line, const std::string& what) {
  fail("{}:{}: {}", path, line, what);
}

}  // namespace lengthwise
