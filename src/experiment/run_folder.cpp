#include "experiment/run_folder.h"

#include "base/error.h"

namespace lengthwise {

fs::path RunFolder::checkpoint(const std::string& which) const {
  return path_ / (which == "best" ? "best.safetensors" : "checkpoint.safetensors");
}

TrainingFiles RunFolder::training_files() const {
  return {path_ / "train.jsonl", checkpoint("last"), checkpoint("best"),
          path_ / "state.safetensors"};
}

void RunFolder::open_or_create(const Config& config) const {
  if (!exists()) {
    if (fs::exists(path_) && !fs::is_empty(path_)) {
      fail("run.folder: {} holds files and no config.ini; choose another folder", path_.string());
    }
    make_folder(path_);
    write_file(this->config(),
               config_text(config, {"run", "data", "model", "position", "training", "evaluation"}));
    return;
  }
  const auto before = option_texts(read_config(this->config()), kRunSections);
  const auto now = option_texts(config, kRunSections);
  for (size_t i = 0; i < now.size(); ++i) {
    if (before[i].second != now[i].second) {
      fail("run.folder: {} was made with {} = {}, not {}; choose another folder or delete it",
           path_.string(), now[i].first, before[i].second, now[i].second);
    }
  }
}

std::optional<RunRecord> RunFolder::read_record() const {
  if (!fs::exists(record())) return std::nullopt;
  return parse_run(read_file(record()), record().string());
}

void RunFolder::write_record(const RunRecord& run) const {
  write_file(record(), to_json(run) + "\n");
}

std::unique_ptr<FileLock> lock_run_folder(const fs::path& folder) {
  auto lock = std::make_unique<FileLock>(folder / ".lock");
  if (!lock->try_hold()) {
    fail("{}: another process is at work on this run; wait for it or stop it", folder.string());
  }
  return lock;
}

}  // namespace lengthwise
