#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace lengthwise {

/// A line of a file of comma-separated values, by column; "place" is where it stands:
/// "press2021.csv:12".
using CsvFields = std::map<std::string, std::string>;

/// The lines below the heading (RFC 4180, no line ends within quotes). `what` says in errors what
/// such a file is: "a table of published numbers". UserError where a column is missing, a line has
/// another number of fields, or there is no line.
std::vector<CsvFields> read_csv(const std::filesystem::path& path, std::string_view what,
                                const std::vector<std::string>& columns);

}  // namespace lengthwise
