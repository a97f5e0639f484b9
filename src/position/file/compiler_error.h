#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace lengthwise {

/// What LibTorch's compiler or interpreter says over many lines, as a line and what is wrong.
struct CompilerError {
  int64_t line;  // of the scheme file, from 1; `otherwise` where the text names none
  std::string what;
};

/// `path` is the name under which the compiler knows the scheme file.
CompilerError read_compiler_error(std::string_view text, const std::string& path,
                                  int64_t otherwise);

}  // namespace lengthwise
