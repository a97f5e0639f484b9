#include "base/folder_mark.h"

#include <unistd.h>

#include <algorithm>

#include "base/error.h"
#include "base/text.h"

namespace lengthwise {
namespace {

constexpr std::string_view kProgram = "lengthwise ";

}  // namespace

bool FolderMark::names(const std::string& file) const {
  return std::ranges::find(files, file) != files.end();
}

std::optional<FolderMark> read_mark(const fs::path& folder) {
  const fs::path path = folder / kMarkFile;
  if (!fs::is_regular_file(path)) return std::nullopt;
  std::vector<std::string> lines = split(read_file(path), "\n");
  if (lines.empty() || !lines[0].starts_with(kProgram)) return std::nullopt;
  FolderMark mark{lines[0].substr(kProgram.size()), {}};
  for (size_t i = 1; i < lines.size(); ++i) {
    // What is written there lies in the folder itself: a mark never speaks of other places.
    if (fs::path(lines[i]).filename() == lines[i]) mark.files.push_back(lines[i]);
  }
  return mark;
}

void write_mark(const fs::path& folder, const FolderMark& mark) {
  std::string text = std::string(kProgram) + mark.content + "\n";
  for (const std::string& file : mark.files) text += file + "\n";
  write_file(folder / kMarkFile, text);
}

bool is_unfinished(const fs::path& path) {
  return path.extension() == ".partial";
}

bool holds_files(const fs::path& folder) {
  if (!fs::is_directory(folder)) return false;
  return std::ranges::any_of(fs::directory_iterator(folder), [](const auto& entry) {
    return !is_unfinished(entry.path()) && entry.path().filename() != ".lock";
  });
}

void check_writable_folder(const std::string& option, const fs::path& path) {
  fs::path there = fs::absolute(path).lexically_normal();
  while (!fs::exists(there) && there.has_relative_path()) there = there.parent_path();
  if (!fs::is_directory(there)) {
    fail("{}: {}: {} is no folder; name another", option, path.string(), there.string());
  }
  if (::access(there.c_str(), W_OK | X_OK) != 0) {
    fail("{}: {}: nothing can be written in {}; name another folder", option, path.string(),
         there.string());
  }
}

}  // namespace lengthwise
