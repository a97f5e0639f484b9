#include "position/file/allocation_watch.h"

#include <c10/core/Allocator.h>
#include <c10/util/ThreadLocalDebugInfo.h>

#include <algorithm>
#include <memory>

namespace lengthwise {
namespace {

struct Watch final : c10::MemoryReportingInfoBase {
  void reportMemoryUsage(void*, int64_t bytes, size_t, size_t, c10::Device device) override {
    if (!device.is_cpu()) return;
    held += bytes;  // less than zero where memory is given back
    peak = std::max(peak, held);
  }
  bool memoryProfilingEnabled() const override { return true; }

  int64_t held = 0, peak = 0;
};

}  // namespace

int64_t peak_bytes_of(const std::function<void()>& work) {
  const auto watch = std::make_shared<Watch>();
  const c10::DebugInfoGuard guard(c10::DebugInfoKind::PROFILER_STATE, watch);
  work();
  return watch->peak;
}

}  // namespace lengthwise
