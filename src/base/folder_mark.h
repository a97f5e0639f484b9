#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/files.h"

namespace lengthwise {

/// A folder that the program fills says so in a hidden file: what it holds, and the names of the
/// files that were written there.
struct FolderMark {
  std::string content;  // "results"
  std::vector<std::string> files;

  bool names(const std::string& file) const;
};
inline constexpr const char* kMarkFile = ".lengthwise";

/// None where there is no such file, or one that is not ours.
std::optional<FolderMark> read_mark(const fs::path& folder);
void write_mark(const fs::path& folder, const FolderMark& mark);

/// A file that a process was writing beside its place (AtomicFile) when it was killed.
bool is_unfinished(const fs::path& path);

/// Whether anything is in the folder but what a process that was killed at its very start leaves.
/// A folder that is not there holds nothing.
bool holds_files(const fs::path& folder);

/// UserError, beginning with the option that named it, where `path` cannot be a folder to write
/// into: it, or what it lies in, is something else or takes no files.
void check_writable_folder(const std::string& option, const fs::path& path);

}  // namespace lengthwise
