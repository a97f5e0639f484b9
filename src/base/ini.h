#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/files.h"

namespace lengthwise {

/// A line `name = value` of an .ini file.
struct IniValue {
  std::string name;  // with its section: "model.heads"
  std::string value;
  int64_t line;  // from 1
};

/// The values of a file of sections, in their order:
///
///   # a comment, or ; a comment
///   [section]
///   name = value
///   name = value  # a comment: white space stands before it, so that a#b.txt is a value
///   name = " value with # or spaces around it "   where \" stands for " and \\ for \.
///
/// Line ends may be LF, CR LF or CR, and a byte order mark may come first. UserError naming file
/// and line where a line is none of these, and for UTF-16 and control characters.
std::vector<IniValue> read_ini(const fs::path& path);

/// A value as `read_ini` reads it back: in quotes where it must be. It must not hold line ends.
std::string ini_value(const std::string& value);

/// A text file as it is meant: without a byte order mark. UserError for UTF-16, and for a NUL or
/// another control character, by line and column.
std::string read_text_file(const fs::path& path);

}  // namespace lengthwise
