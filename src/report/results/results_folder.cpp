#include "report/results/results_folder.h"

#include <algorithm>
#include <array>

#include "base/error.h"
#include "base/folder_mark.h"

namespace lengthwise {
namespace {

constexpr const char* kContent = "results";
/// All that a comparison writes, or has written in any version.
constexpr std::array kNames = {"README.md",      "report.html", "records.jsonl",   "options.ini",
                               "table.csv",      "table.tex",   "differences.csv", "gaps.csv",
                               "breakdowns.csv", "places.csv",  "published.csv",   "curve.svg",
                               "curve.png",      "curve.pdf"};

/// Written before folders were marked.
bool is_earlier_comparison(const fs::path& folder) {
  const fs::path records = folder / "records.jsonl", readme = folder / "README.md";
  if (!fs::is_regular_file(records) || !fs::is_regular_file(readme)) return false;
  return MappedFile(records).text().starts_with("{\"program\":\"lengthwise\"") &&
         MappedFile(readme).text().find("\n## How it was made\n\n    lengthwise ") !=
             std::string_view::npos;
}

void refuse_run_folder(const fs::path& path) {
  for (fs::path at = fs::weakly_canonical(path); at.has_relative_path(); at = at.parent_path()) {
    if (!fs::exists(at / "run.json") || !fs::exists(at / "config.ini")) continue;
    fail("experiment.results: {} lies in the run folder {}; name a folder outside of it",
         path.string(), at.string());
  }
}

}  // namespace

ResultsFolder::ResultsFolder(fs::path path) : path_(std::move(path)) {
  check_writable_folder("experiment.results", path_);
  refuse_run_folder(path_);
  if (!holds_files(path_)) return;
  const auto mark = read_mark(path_);
  if ((!mark || mark->content != kContent) && !is_earlier_comparison(path_)) {
    fail(
        "experiment.results: {} holds files that are no earlier comparison's; name a folder that "
        "is not there yet, or an empty one",
        path_.string());
  }
  for (const std::string name : kNames) {
    if (!mark || mark->names(name) || !fs::exists(path_ / name)) continue;
    fail("experiment.results: {} was not written by a comparison; move it, or name another folder",
         (path_ / name).string());
  }
}

std::vector<std::string> ResultsFolder::known_files() const {
  if (const auto mark = read_mark(path_)) return mark->files;
  std::vector<std::string> names;
  for (const char* name : kNames) {
    if (fs::exists(path_ / name)) names.emplace_back(name);
  }
  return names;
}

void ResultsFolder::claim() const {
  if (read_mark(path_)) return;
  make_folder(path_);
  write_mark(path_, {kContent, known_files()});
}

void ResultsFolder::replace(const std::map<std::string, std::string>& files) const {
  make_folder(path_);
  const std::vector<std::string> before = known_files();
  FolderMark mark{kContent, {}};
  for (const auto& [name, text] : files) mark.files.push_back(name);
  FolderMark both = mark;
  for (const std::string& name : before) {
    if (!mark.names(name)) both.files.push_back(name);
  }
  write_mark(path_, both);
  for (const auto& [name, text] : files) write_file(path_ / name, text);
  for (const std::string& name : before) {
    if (!mark.names(name)) fs::remove(path_ / name);
  }
  write_mark(path_, mark);
}

}  // namespace lengthwise
