#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/files.h"

namespace lengthwise {

/// Where the time of training steps goes: LibTorch's profiler over a few steps of a session, once
/// the first have filled what is filled once. Of a device other than the CPU it sees what the host
/// does, which is to hand over work.
class StepProfiler {
 public:
  /// `steps` are still to come; `trace` is written as a Chrome trace (chrome://tracing,
  /// ui.perfetto.dev).
  StepProfiler(fs::path trace, int64_t steps);
  ~StepProfiler();

  /// Around every step. After the last of the recorded ones the trace is written and the table is
  /// said by the logger. UserError where the trace cannot be written.
  void begin_step();
  void end_step();

 private:
  void finish();

  fs::path trace_;
  int64_t first_, last_, at_ = 0;
  bool recording_ = false;
};

/// An operator's call, or a stretch of the step that has a name.
struct ProfiledCall {
  enum class Kind { phase, function };
  std::string name;
  Kind kind;
  uint64_t thread, start_ns, end_ns;
};

/// The lines of the table: the phases with their share of the steps' time, then the functions by
/// the time spent in themselves, without what they call; what no function accounts for last.
std::vector<std::string> profile_table(std::vector<ProfiledCall> calls, int64_t steps);

}  // namespace lengthwise
