#pragma once

#include <memory>
#include <optional>

#include "base/files.h"
#include "experiment/config.h"
#include "report/records/records.h"
#include "training/progress.h"

namespace lengthwise {

/// A run folder's files:
///
///   config.ini               every option, resolved
///   NAME.py                  the text of its scheme, where that is a file's
///   run.json                 what, where, when
///   train.jsonl              a line a logged step
///   checkpoint.safetensors   the last weights
///   best.safetensors         those of the lowest validation loss
///   state.safetensors        what exact resume needs
///   tensorboard/             the log as TensorBoard reads it, where training.tensorboard asks
///   evaluation.jsonl         a line a measurement
///   evaluation/              per-token values
class RunFolder {
 public:
  explicit RunFolder(fs::path path) : path_(std::move(path)) {}

  const fs::path& path() const { return path_; }
  fs::path config() const { return path_ / "config.ini"; }
  fs::path record() const { return path_ / "run.json"; }
  fs::path checkpoint(const std::string& which) const;  // "last" or "best"
  TrainingFiles training_files() const;

  bool exists() const { return fs::exists(config()); }
  /// Whether a run wrote the config.ini that is there, and not somebody for another program.
  bool is_run() const;
  /// UserError where this config's run cannot live here: the folder belongs to other options that
  /// decide weights (the first that differs is named; tokens are told by their hash in the record)
  /// or to something else. Writes nothing.
  void check(const Config& config) const;
  /// Checks, and makes a folder that is not there yet, with its config.
  void open_or_create(const Config& config) const;
  std::optional<RunRecord> read_record() const;
  void write_record(const RunRecord& record) const;

 private:
  /// Whether the config's scheme file is all that is there: a run was killed while it began.
  bool holds_kept_scheme(const Config& config) const;

  fs::path path_;
};

/// Held while a process writes into a run folder: a second one is a UserError, not two writers, and
/// so is a link out of the folder.
/// What killed ones had not finished writing goes.
std::unique_ptr<FileLock> lock_run_folder(const fs::path& folder);

}  // namespace lengthwise
