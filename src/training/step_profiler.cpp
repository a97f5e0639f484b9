#include "training/step_profiler.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <torch/csrc/autograd/profiler_kineto.h>

#include <algorithm>
#include <cstdlib>
#include <map>

#include "base/error.h"

namespace lengthwise {
namespace {

namespace profiler = torch::autograd::profiler;
using torch::profiler::impl::ActivityType;

constexpr int64_t kStepsBefore = 3, kStepsRecorded = 5;
constexpr size_t kMostFunctions = 15;
constexpr std::string_view kStep = "step";  // the phase that holds the others

struct Spent {
  int64_t calls = 0;
  uint64_t ns = 0;
};
using SpentByName = std::map<std::string, Spent>;

std::vector<std::pair<std::string, Spent>> longest_first(const SpentByName& spent) {
  std::vector<std::pair<std::string, Spent>> rows(spent.begin(), spent.end());
  std::ranges::stable_sort(rows, std::greater(), [](const auto& row) { return row.second.ns; });
  return rows;
}

/// The engine's own frames around a function are bookkeeping, as a phase's are.
bool is_bookkeeping(const ProfiledCall& call) {
  return call.kind == ProfiledCall::Kind::phase || call.name.starts_with("autograd::engine::");
}

/// What each call spent outside of the calls within it.
std::vector<uint64_t> own_ns(const std::vector<ProfiledCall>& calls) {
  std::vector<uint64_t> own;
  std::map<uint64_t, std::vector<size_t>> open;  // by thread, the innermost last
  for (size_t i = 0; i < calls.size(); ++i) {
    const ProfiledCall& call = calls[i];
    own.push_back(call.end_ns - call.start_ns);
    std::vector<size_t>& around = open[call.thread];
    while (!around.empty() && calls[around.back()].end_ns < call.end_ns) around.pop_back();
    if (!around.empty()) own[around.back()] -= std::min(own[around.back()], own.back());
    around.push_back(i);
  }
  return own;
}

std::vector<ProfiledCall> calls_of(const profiler::ProfilerResult& result) {
  std::vector<ProfiledCall> calls;
  for (const auto& event : result.events()) {
    const bool phase = event.scope() == static_cast<uint8_t>(at::RecordScope::USER_SCOPE);
    calls.push_back({event.name(), phase ? ProfiledCall::Kind::phase : ProfiledCall::Kind::function,
                     event.startThreadId(), event.startNs(), event.endNs()});
  }
  return calls;
}

}  // namespace

std::vector<std::string> profile_table(std::vector<ProfiledCall> calls, int64_t steps) {
  // Where two begin at once, the one that ends last is around the other.
  std::ranges::sort(calls, [](const ProfiledCall& a, const ProfiledCall& b) {
    return std::pair(a.start_ns, b.end_ns) < std::pair(b.start_ns, a.end_ns);
  });
  const std::vector<uint64_t> own = own_ns(calls);
  SpentByName phases, functions;
  uint64_t all_ns = 0, bookkeeping_ns = 0;
  for (size_t i = 0; i < calls.size(); ++i) {
    const ProfiledCall& call = calls[i];
    const uint64_t whole = call.end_ns - call.start_ns;
    if (call.name == kStep) {
      all_ns += whole;
    } else if (call.kind == ProfiledCall::Kind::phase) {
      phases[call.name].ns += whole;
    }
    if (is_bookkeeping(call)) {
      bookkeeping_ns += own[i];
    } else {
      ++functions[call.name].calls;
      functions[call.name].ns += own[i];
    }
  }
  std::vector<std::string> lines;
  const auto line = [&](std::string_view name, const std::string& calls_text, uint64_t ns) {
    const double part =
        static_cast<double>(ns) / static_cast<double>(std::max<uint64_t>(1, all_ns));
    lines.push_back(fmt::format("{:<44} {:>12} {:>12.3f} {:>6.1f} %", name, calls_text,
                                static_cast<double>(ns) / 1e6 / static_cast<double>(steps),
                                100 * part));
  };
  lines.push_back(fmt::format("{:<44} {:>12} {:>12} {:>8}", fmt::format("of {} steps", steps),
                              "calls a step", "ms a step", "share"));
  line("step", "1", all_ns);
  for (const auto& [name, spent] : longest_first(phases)) line("  " + name, "", spent.ns);
  const auto rows = longest_first(functions);
  uint64_t others_ns = 0;
  for (size_t i = 0; i < rows.size(); ++i) {
    const auto& [name, spent] = rows[i];
    if (i >= kMostFunctions) {
      others_ns += spent.ns;
      continue;
    }
    line(name, fmt::format("{:.1f}", static_cast<double>(spent.calls) / static_cast<double>(steps)),
         spent.ns);
  }
  if (rows.size() > kMostFunctions) {
    line(fmt::format("{} other functions", rows.size() - kMostFunctions), "", others_ns);
  }
  line("between functions: graph and bookkeeping", "", bookkeeping_ns);
  return lines;
}

StepProfiler::StepProfiler(fs::path trace, int64_t steps) : trace_(std::move(trace)) {
  last_ = std::min(steps, kStepsBefore + kStepsRecorded);
  first_ = std::min(kStepsBefore, std::max<int64_t>(0, last_ - kStepsRecorded));
}

StepProfiler::~StepProfiler() {
  if (recording_) profiler::disableProfiler();
}

void StepProfiler::begin_step() {
  if (at_++ != first_ || first_ == last_) return;
  const torch::profiler::impl::ProfilerConfig config(torch::profiler::impl::ProfilerState::KINETO);
  const std::set<ActivityType> activities{ActivityType::CPU};
  // Kineto complains on standard error of a GPU that is not there.
  ::setenv("KINETO_LOG_LEVEL", "99", /*overwrite=*/0);
  profiler::prepareProfiler(config, activities);
  profiler::enableProfiler(
      config, activities,
      {at::RecordScope::FUNCTION, at::RecordScope::BACKWARD_FUNCTION, at::RecordScope::USER_SCOPE});
  recording_ = true;
}

void StepProfiler::end_step() {
  if (recording_ && at_ == last_) finish();
}

void StepProfiler::finish() {
  recording_ = false;
  const auto result = profiler::disableProfiler();
  result->save(trace_.string());
  if (!fs::exists(trace_)) fail("run.profile: {}: cannot be written", trace_.string());
  for (const std::string& line : profile_table(calls_of(*result), last_ - first_)) {
    spdlog::info(line);
  }
  spdlog::info("trace: {} (for chrome://tracing or ui.perfetto.dev)", trace_.string());
}

}  // namespace lengthwise
