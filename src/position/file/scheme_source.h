#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/files.h"

namespace lengthwise {

/// The text of a scheme file (docs/scheme-files.md), taken apart as far as no compiler is needed.
struct SchemeSource {
  /// A value at the outermost level: NAME = EXPRESSION.
  struct Constant {
    std::string name, expression;
    int64_t line;
  };

  std::string path;     // as it was named, for error lines
  std::string name;     // the file's, without .py: what tables call the scheme
  std::string text;     // byte for byte
  std::string hash;     // SHA-256 of the text
  std::string summary;  // its first words: a docstring or a comment
  /// What names of imports stand for: "F" to "torch.nn.functional", "pi" to "math.pi".
  std::map<std::string, std::string> imports;
  std::vector<Constant> constants;  // in their order
  std::string functions;            // the text with all else blank, every line where it was
};

inline constexpr std::string_view kSchemeFileEnding = ".py";

/// Whether an option's value is a scheme file rather than a scheme's name: it ends with ".py".
bool names_scheme_file(std::string_view scheme);

/// The file's name without folder and ".py". UserError unless it is one that Python could import,
/// as results, legends and folders bear it.
std::string scheme_file_name(const std::string& path);

/// UserError where the file is missing or holds at its outermost level anything but imports of
/// torch, math and typing, constants, functions and what Python alone runs (if __name__ == ...).
SchemeSource read_scheme_source(const std::string& path);

/// "ideas/my_idea.py:3: ..." as a UserError.
[[noreturn]] void fail_in_scheme_file(const std::string& path, int64_t line,
                                      const std::string& what);

}  // namespace lengthwise
