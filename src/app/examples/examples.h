#pragma once

#include <string_view>

namespace lengthwise {

/// A scheme file of each kind, for `lengthwise scheme new`; made of the files beside this one.
extern const std::string_view kBiasExample, kKeyBiasExample, kPairBiasExample, kChangeExample,
    kRotateExample, kEmbedExample;

}  // namespace lengthwise
