#pragma once

#include <string_view>

namespace lengthwise {

/// What each shell reads, with @NAMES@ for what the declarations say; made of the files beside
/// this one.
extern const std::string_view kBashCompletion, kZshCompletion, kFishCompletion;

}  // namespace lengthwise
