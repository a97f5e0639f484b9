#pragma once

#include <string>
#include <vector>

#include "base/error.h"

namespace lengthwise {

/// The line a user would read; empty where nothing was refused.
template <class Action>
std::string user_error_text(const Action& action) {
  try {
    action();
  } catch (const UserError& error) {
    return error.what();
  }
  return {};
}

inline bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace lengthwise
