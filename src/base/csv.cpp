#include "base/csv.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "base/error.h"
#include "base/ini.h"
#include "base/text.h"

namespace lengthwise {
namespace {

std::vector<std::string> fields_of(std::string_view line) {
  std::vector<std::string> fields(1);
  bool quoted = false;
  for (size_t i = 0; i < line.size(); ++i) {
    if (line[i] == '"') {
      const bool doubled = quoted && i + 1 < line.size() && line[i + 1] == '"';
      if (doubled) fields.back() += line[++i];
      if (!doubled) quoted = !quoted;
    } else if (line[i] == ',' && !quoted) {
      fields.emplace_back();
    } else {
      fields.back() += line[i];
    }
  }
  return fields;
}

}  // namespace

std::vector<CsvFields> read_csv(const std::filesystem::path& path, std::string_view what,
                                const std::vector<std::string>& columns) {
  std::vector<CsvFields> rows;
  std::vector<std::string> heading;
  int64_t number = 0;
  const std::string text = read_text_file(path);
  for (const std::string_view line : lines_of(text)) {
    ++number;
    if (trim(line).empty()) continue;
    const auto fields = fields_of(trim(line));
    const std::string place = fmt::format("{}:{}", path.string(), number);
    if (heading.empty()) {
      heading = fields;
      for (const std::string& column : columns) {
        if (std::ranges::find(heading, column) == heading.end()) {
          fail("{}: has no column '{}'; {} has {}", place, column, what, fmt::join(columns, ", "));
        }
      }
      continue;
    }
    if (fields.size() != heading.size()) {
      fail("{}: has {} fields, its heading {}", place, fields.size(), heading.size());
    }
    CsvFields row{{"place", place}};
    for (size_t i = 0; i < fields.size(); ++i) row[heading[i]] = fields[i];
    rows.push_back(std::move(row));
  }
  if (heading.empty()) {
    fail("{}: is empty; {} has {}", path.string(), what, fmt::join(columns, ", "));
  }
  return rows;
}

}  // namespace lengthwise
