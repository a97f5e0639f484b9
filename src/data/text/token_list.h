#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/files.h"

namespace lengthwise {

inline constexpr std::string_view kTokenListFile = "vocabulary.json";

/// A vocabulary that is a list of tokens, in vocabulary.json: {"kind": "word", "tokens": [...]}
/// with the tokens in the order of their ids. They must be UTF-8.
void save_token_list(const fs::path& folder, std::string_view kind,
                     const std::vector<std::string>& tokens);

/// UserError for a file that is no such list, is of another kind, or holds a token twice.
std::vector<std::string> load_token_list(const fs::path& folder, std::string_view kind);

/// The kind that the file says it is.
std::string kind_of_token_list(const fs::path& folder);

}  // namespace lengthwise
