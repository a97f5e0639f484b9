#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/files.h"

namespace lengthwise {

/// Where the files of a comparison are written: a folder that is not there yet, an empty one, or
/// one of an earlier comparison (known by its mark, or by its records and README where it is older
/// than marks). UserError for any other, which stays as it is.
class ResultsFolder {
 public:
  /// Looks, and writes nothing. `path` is what experiment.results names.
  explicit ResultsFolder(fs::path path);

  const fs::path& path() const { return path_; }
  /// Makes the folder ours before there is anything to write into it.
  void claim() const;
  /// Writes these files by name; those of an earlier comparison that are not among them go. Killed
  /// at any moment, the folder is still known as ours.
  void replace(const std::map<std::string, std::string>& files) const;

 private:
  std::vector<std::string> known_files() const;

  fs::path path_;
};

}  // namespace lengthwise
