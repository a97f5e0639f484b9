#pragma once

#include "test.h"

namespace lengthwise {

/// The matcher of a piece of text, which the two major versions of Catch2 name differently.
inline auto contains_text(const std::string& piece) {
#if __has_include(<catch2/catch_test_macros.hpp>)
  return Catch::Matchers::ContainsSubstring(piece);
#else
  return Catch::Matchers::Contains(piece);
#endif
}

}  // namespace lengthwise
