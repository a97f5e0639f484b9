#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/files.h"

namespace lengthwise {

/// A line of a file that grows line by line, and where it stands: "runs/a/train.jsonl:3".
struct JsonLine {
  std::string text, origin;
};

/// The lines that are not empty, without what a kill left of an unfinished last one; none where
/// there is no such file.
std::vector<JsonLine> read_json_lines(const fs::path& path);

/// Where the unfinished last line begins: the size of the text when there is none. An object cut
/// short never parses, so a last line that does parse only lacks its end.
size_t end_of_whole_lines(std::string_view text);

}  // namespace lengthwise
