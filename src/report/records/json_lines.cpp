#include "report/records/json_lines.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/text.h"

namespace lengthwise {

std::vector<JsonLine> read_json_lines(const fs::path& path) {
  if (!fs::exists(path)) return {};
  std::string text = read_file(path);
  text.resize(end_of_whole_lines(text));
  std::vector<JsonLine> lines;
  int64_t number = 0;
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = std::min(text.find('\n', begin), text.size());
    const std::string_view line = trim(std::string_view(text).substr(begin, end - begin));
    begin = end + 1;
    ++number;
    if (line.empty()) continue;
    lines.push_back({std::string(line), fmt::format("{}:{}", path.string(), number)});
  }
  return lines;
}

size_t end_of_whole_lines(std::string_view text) {
  if (text.empty() || text.back() == '\n') return text.size();
  const size_t last_line = text.rfind('\n') + 1;  // npos + 1 is 0
  return nlohmann::json::accept(text.substr(last_line)) ? text.size() : last_line;
}

}  // namespace lengthwise
