#pragma once

#include <fmt/format.h>

#include <stdexcept>
#include <string>

namespace lengthwise {

/// The user's mistake, or their disk's: one line naming the option or file, the value, and what
/// would have been right. `main` prints it and exits with 2.
class UserError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// A run that began well and could not go on (a loss that is not finite, a failed child).
/// `main` prints it and exits with 1.
class RunFailure : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

[[noreturn]] void throw_user_error(std::string message);

/// fail("model.heads: {} does not divide model.width {}", heads, width)
template <class... Args>
[[noreturn]] void fail(fmt::format_string<Args...> format, Args&&... args) {
  throw_user_error(fmt::format(format, std::forward<Args>(args)...));
}

}  // namespace lengthwise
