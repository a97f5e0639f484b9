#include "app/display.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "base/plain_text.h"
#include "base/text.h"

namespace lengthwise {
namespace {

using State = GridProgress::State;

std::string describe(const GridProgress& run) {
  switch (run.state) {
    case State::waiting:
      return fmt::format("{}: waiting", run.name);
    case State::training:
      return fmt::format(
          "{}: training, step {} of {}{}", run.name, run.step, run.steps,
          run.step > 0 ? fmt::format(", {:.3f} nats/token", run.nats_per_token) : "");
    case State::evaluating:
      return fmt::format("{}: evaluating, {} of {} lengths", run.name, run.lengths_measured,
                         run.lengths);
    case State::done:
      return fmt::format("{}: done", run.name);
    case State::failed:
      return fmt::format("{}: FAILED: {}", run.name, run.failure);
    case State::stopped:
      return fmt::format("{}: stopped at step {}", run.name, run.step);
  }
  return {};
}

std::string summary(const GridReport& report) {
  const auto ended = std::ranges::count_if(report.runs, [](const GridProgress& run) {
    return run.state == State::done || run.state == State::failed;
  });
  return fmt::format(
      "{} of {} runs, {} so far, {}", ended, report.runs.size(), format_duration(report.seconds),
      report.seconds_left < 0 ? std::string("time left not known yet")
                              : "about " + format_duration(report.seconds_left) + " left");
}

/// Cut so that a line never wraps: lines that are drawn again are counted.
std::string fitted(const std::string& line) {
  winsize size{};
  if (::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return line;
  return line.substr(0, size.ws_col - 1);
}

bool on_terminal() {
  return ::isatty(STDERR_FILENO) == 1;
}

}  // namespace

void show_training(const TrainingProgress& progress) {
  const std::string line =
      fmt::format("step {} of {}: {:.4f} nats/token{}, {:.0f} tokens/s, {} left", progress.step,
                  progress.steps, progress.nats_per_token,
                  progress.validation_nats_per_token
                      ? fmt::format(" (valid {:.4f})", *progress.validation_nats_per_token)
                      : "",
                  progress.tokens_per_second, format_duration(progress.seconds_left));
  const bool last = progress.step == progress.steps;
  if (on_terminal()) {
    std::fputs(fmt::format("\r\033[K{}{}", fitted(line), last ? "\n" : "").c_str(), stderr);
  } else {
    spdlog::info("{}", line);
  }
}

void show_written(const fs::path& folder, const std::string& left_out) {
  fmt::print("written: {}\n", one_line(folder.string()));
  std::fflush(stdout);
  if (!left_out.empty()) spdlog::warn("lengthwise: {}", left_out);
}

GridDisplay::GridDisplay() : terminal_(on_terminal()) {}

void GridDisplay::show(const GridReport& report) {
  states_.resize(report.runs.size(), State::waiting);
  if (terminal_) {
    redraw(report);
  } else {
    print_changes(report);
  }
}

void GridDisplay::redraw(const GridReport& report) {
  std::string text;
  if (lines_drawn_ > 0) text += fmt::format("\033[{}A", lines_drawn_);
  lines_drawn_ = 0;
  const auto add_line = [&](const std::string& line) { text += "\r\033[K" + fitted(line) + "\n"; };
  // What has ended scrolls away above the lines that are drawn again.
  for (size_t i = 0; i < report.runs.size(); ++i) {
    const State state = report.runs[i].state;
    const bool ended = state == State::done || state == State::failed || state == State::stopped;
    if (ended && states_[i] != state) add_line(one_line(describe(report.runs[i])));
    states_[i] = state;
  }
  for (const GridProgress& run : report.runs) {
    if (run.state != State::training && run.state != State::evaluating) continue;
    add_line("  " + one_line(describe(run)));
    ++lines_drawn_;
  }
  add_line("  " + summary(report));
  ++lines_drawn_;
  text += "\033[J";
  std::fputs(text.c_str(), stderr);
}

void GridDisplay::print_changes(const GridReport& report) {
  for (size_t i = 0; i < report.runs.size(); ++i) {
    if (states_[i] == report.runs[i].state) continue;
    states_[i] = report.runs[i].state;
    spdlog::info("{}", describe(report.runs[i]));
  }
  if (report.seconds >= next_summary_seconds_) {
    next_summary_seconds_ = report.seconds + 30;
    spdlog::info("  {}", summary(report));
  }
}

}  // namespace lengthwise
