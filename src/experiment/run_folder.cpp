#include "experiment/run_folder.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "base/folder_mark.h"
#include "position/file/scheme_source.h"
#include "position/registry.h"

namespace lengthwise {
namespace {

/// What a new run's config.ini holds.
const std::vector<std::string> kSections = {"run",      "data",     "model",
                                            "position", "training", "evaluation"};

/// The options that decide weights and are read; a scheme file by its name and its text's hash,
/// wherever it stands.
std::vector<std::pair<std::string, std::string>> decisive_texts(const Config& config) {
  auto texts = option_texts(config, is_effective);
  for (auto& [name, text] : texts) {
    if (name != "position.scheme" || !names_scheme_file(text)) continue;
    text = fmt::format("{}@{:.8}", fs::path(text).filename().string(), scheme_hash(text));
  }
  return texts;
}

void remove_unfinished(const fs::path& folder) {
  if (!fs::is_directory(folder)) return;
  std::vector<fs::path> unfinished;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (is_unfinished(entry.path())) unfinished.push_back(entry.path());
  }
  for (const fs::path& path : unfinished) fs::remove(path);
}

/// What is written into a run folder stays in it: somebody else's may hold links to files of yours.
void refuse_links_out_of(const fs::path& folder) {
  const fs::path home = fs::canonical(folder);
  for (const fs::directory_entry& entry : fs::recursive_directory_iterator(home)) {
    if (!entry.is_symlink()) continue;
    // By what the link says: where nothing is yet, a write would make it.
    const fs::path target =
        fs::weakly_canonical(entry.path().parent_path() / fs::read_symlink(entry.path()));
    const fs::path within = target.lexically_relative(home);
    if (!within.empty() && *within.begin() != "..") continue;
    fail(
        "{}: is a link to {}, out of the run folder, and nothing is written through it; put a copy "
        "in its place",
        (folder / entry.path().lexically_relative(home)).string(), target.string());
  }
}

}  // namespace

fs::path RunFolder::checkpoint(const std::string& which) const {
  return path_ / (which == "best" ? "best.safetensors" : "checkpoint.safetensors");
}

TrainingFiles RunFolder::training_files() const {
  return {path_ / "train.jsonl", checkpoint("last"), checkpoint("best"),
          path_ / "state.safetensors", path_ / "tensorboard" / "events.out.tfevents.lengthwise"};
}

bool RunFolder::is_run() const {
  if (!fs::is_regular_file(config())) return false;
  if (fs::is_regular_file(record())) {
    return MappedFile(record()).text().find("\"program\"") != std::string_view::npos;
  }
  // Killed before its record was written: every section is there, and nothing else yet.
  const std::string text = read_file(config());
  const bool resolved = std::ranges::all_of(kSections, [&](const std::string& section) {
    return text.find("[" + section + "]\n") != std::string::npos;
  });
  const auto files = std::ranges::count_if(fs::directory_iterator(path_), [](const auto& entry) {
    return !is_unfinished(entry.path()) && entry.path().filename() != ".lock" &&
           entry.path().extension() != kSchemeFileEnding;
  });
  return resolved && files == 1;
}

bool RunFolder::holds_kept_scheme(const Config& config) const {
  const fs::path kept = path_ / fs::path(config.position.scheme).filename();
  const auto files = std::ranges::count_if(fs::directory_iterator(path_), [](const auto& entry) {
    return !is_unfinished(entry.path()) && entry.path().filename() != ".lock";
  });
  return files == 1 && fs::is_regular_file(kept) &&
         sha256_of_file(kept) == scheme_hash(config.position.scheme);
}

void RunFolder::check(const Config& config) const {
  if (!fs::exists(path_)) return;
  if (!fs::is_directory(path_)) {
    fail("run.folder: {} is no folder; choose another name", path_.string());
  }
  if (!exists()) {
    if (!holds_files(path_) || holds_kept_scheme(config)) return;
    fail("run.folder: {} holds files and no config.ini; choose another folder", path_.string());
  }
  if (!is_run()) {
    fail("run.folder: {} holds a config.ini that no run wrote there; choose another folder",
         path_.string());
  }
  const auto texts = decisive_texts(read_config(this->config()).resolved());
  const std::map<std::string, std::string> before(texts.begin(), texts.end());
  for (const auto& [name, text] : decisive_texts(config.resolved())) {
    // Where one of the two does not read it, they differ in what would have them read it.
    const auto found = before.find(name);
    if (found == before.end() || found->second == text) continue;
    fail("run.folder: {} was made with {} = {}, not {}; choose another folder or delete it",
         path_.string(), name, found->second, text);
  }
}

void RunFolder::open_or_create(const Config& config) const {
  check(config);
  if (exists()) return;
  make_folder(path_);
  write_file(this->config(), run_text(with_kept_scheme(config, path_)));
}

std::optional<RunRecord> RunFolder::read_record() const {
  if (!fs::exists(record())) return std::nullopt;
  return parse_run(read_file(record()), record().string());
}

void RunFolder::write_record(const RunRecord& run) const {
  write_file(record(), to_json(run) + "\n");
}

std::unique_ptr<FileLock> lock_run_folder(const fs::path& folder) {
  refuse_links_out_of(folder);
  auto lock = std::make_unique<FileLock>(folder / ".lock");
  if (!lock->try_hold()) {
    fail("{}: another process is at work on this run; wait for it or stop it", folder.string());
  }
  remove_unfinished(folder);
  remove_unfinished(folder / "evaluation");
  return lock;
}

}  // namespace lengthwise
