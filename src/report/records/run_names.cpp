#include "report/records/run_names.h"

#include <algorithm>

namespace lengthwise {
namespace {

/// The last `parts` of a path, or all of it.
std::string end_of(const fs::path& folder, std::ptrdiff_t parts) {
  const fs::path path = (folder / "").lexically_normal().parent_path();  // without a last slash
  const auto all = std::distance(path.begin(), path.end());
  fs::path end;
  for (auto part = std::next(path.begin(), std::max<std::ptrdiff_t>(0, all - parts));
       part != path.end(); ++part) {
    end /= *part;
  }
  return end.string();
}

std::ptrdiff_t most_parts(const std::vector<RunRecord>& runs) {
  std::ptrdiff_t most = 1;
  for (const RunRecord& run : runs) {
    most = std::max(most, std::distance(run.folder.begin(), run.folder.end()));
  }
  return most;
}

}  // namespace

std::vector<std::string> folder_names(const std::vector<RunRecord>& runs) {
  std::vector<std::string> names;
  for (const RunRecord& run : runs) {
    std::string name;
    for (std::ptrdiff_t parts = 1; parts <= most_parts(runs); ++parts) {
      name = end_of(run.folder, parts);
      const auto alike = std::ranges::count_if(
          runs, [&](const RunRecord& other) { return end_of(other.folder, parts) == name; });
      if (alike == 1) break;
    }
    names.push_back(name);
  }
  return names;
}

}  // namespace lengthwise
