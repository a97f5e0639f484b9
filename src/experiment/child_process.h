#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "base/files.h"

namespace lengthwise {

/// A child running this same program, with its output going to the end of a log file. It does not
/// outlive this process (Linux).
class ChildProcess {
 public:
  ChildProcess(const std::vector<std::string>& arguments, const fs::path& log, int64_t threads);
  /// A child still running is asked to stop and waited for.
  ~ChildProcess();
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  /// The exit status once it has ended (128 + signal where a signal ended it); does not wait.
  std::optional<int> exit_status();
  /// Asks it to finish its step, save and end.
  void stop() const;

 private:
  pid_t id_ = -1;
  std::optional<int> status_;
};

}  // namespace lengthwise
