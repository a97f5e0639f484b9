#include "experiment/run_grid.h"

#include <algorithm>
#include <chrono>
#include <memory>
#include <nlohmann/json.hpp>
#include <thread>

#include "base/error.h"
#include "base/options.h"
#include "base/text.h"
#include "experiment/child_process.h"
#include "experiment/experiment_folder.h"
#include "experiment/imported_experiment.h"
#include "experiment/model_files.h"
#include "experiment/run_folder.h"

namespace lengthwise {
namespace {

using State = GridProgress::State;
using Clock = std::chrono::steady_clock;
constexpr auto kPollInterval = std::chrono::milliseconds(200);
constexpr double kTrainingShare = 0.8;  // of a run's work, for the ETA; evaluation is the rest

/// The last whole line of a file that another process is writing.
std::string last_line(const fs::path& path) {
  std::error_code error;
  if (!fs::exists(path, error)) return {};
  const std::string text = read_file(path);
  const size_t end = text.find_last_not_of("\r\n");
  if (end == std::string::npos) return {};
  const size_t begin = text.find_last_of("\r\n", end);
  return text.substr(begin == std::string::npos ? 0 : begin + 1, end - (begin + 1) + 1);
}

class Job {
 public:
  Job(const Config& config, const GridRun& run)
      : imported_(config.grid.imported),
        trained_(run_config(config, run)),
        changes_(changes_of(config, run)) {
    progress_.name = run_name(run);
    progress_.folder = fs::path(config.grid.folder) / progress_.name;
    trained_.run.folder = progress_.folder.string();
    progress_.steps = trained_.training.steps;
    progress_.lengths =
        static_cast<int64_t>(config.evaluation.lengths.size() * (1 + changes_.size()));
    const fs::path logs = fs::path(config.grid.folder) / "logs";
    log_ = logs / (progress_.name + ".txt");
    config_file_ = logs / (progress_.name + ".ini");
  }

  const GridProgress& progress() const { return progress_; }
  bool running() const { return child_ != nullptr; }

  void start() {
    fs::remove(log_);
    if (!imported_.empty()) {
      place_imported_run(imported_, trained_);
      return start_step("evaluate", evaluation_arguments(""), State::evaluating);
    }
    // A file, not options: it may hold what this run does not read.
    write_file(config_file_, run_text(with_kept_scheme(trained_, config_file_.parent_path())));
    start_step("train", {config_file_.string()}, State::training);
  }

  void stop() {
    stopping_ = true;
    if (child_) child_->stop();
  }

  /// Looks at the child and at what it has written.
  void poll() {
    read_progress();
    if (!child_) return;
    const auto status = child_->exit_status();
    if (!status) return;
    child_.reset();
    read_progress();
    if (stopping_) {
      progress_.state = State::stopped;
    } else if (*status != 0) {
      progress_.state = State::failed;
      progress_.failure =
          *status < 128 ? last_line(log_)
                        : fmt::format("ended by signal {}; see {}", *status - 128, log_.string());
    } else if (progress_.state == State::training) {
      start_step("evaluate", evaluation_arguments(""), State::evaluating);
    } else if (next_change_ < changes_.size()) {
      start_step("evaluate", evaluation_arguments(changes_[next_change_++]), State::evaluating);
    } else {
      progress_.state = State::done;
    }
  }

  void read_progress() {
    const RunFolder folder(progress_.folder);
    const auto line = nlohmann::json::parse(last_line(folder.training_files().log), nullptr, false);
    const auto is_number = [&](const char* key) {
      return line.is_object() && line.contains(key) && line[key].is_number();
    };
    if (is_number("step") && is_number("nats_per_token")) {
      progress_.step = line["step"];
      progress_.nats_per_token = line["nats_per_token"];
    }
    if (progress_.state == State::evaluating) {
      const auto records = read_evaluations(progress_.folder);
      progress_.lengths_measured =
          std::ranges::count_if(records, [&](const EvaluationRecord& record) {
            return record.split == trained_.evaluation.split &&
                   record.protocol == trained_.evaluation.protocol &&
                   std::ranges::count(trained_.evaluation.lengths, record.length) > 0;
          });
    }
  }

 private:
  /// Evaluation takes the run's own config and, over it, what this experiment asks now.
  std::vector<std::string> evaluation_arguments(const std::string& change) const {
    std::vector<std::string> arguments{progress_.folder.string()};
    for (const std::string& word : option_words(change)) arguments.push_back(word);
    for (const auto& [name, text] :
         option_texts(changed_config(trained_, change), [](const Option& option) {
           return says_how_to_measure(option) && option.is_read();
         })) {
      arguments.push_back("--" + name + "=" + text);
    }
    arguments.push_back("--run.threads=" + std::to_string(trained_.run.threads));
    arguments.push_back("--run.device=" + trained_.run.device);
    return arguments;
  }

  void start_step(const std::string& command, const std::vector<std::string>& arguments,
                  State state) {
    std::vector<std::string> all{command};
    all.insert(all.end(), arguments.begin(), arguments.end());
    progress_.state = state;
    child_ = std::make_unique<ChildProcess>(all, log_, trained_.run.threads);
  }

  fs::path imported_;
  Config trained_;
  std::vector<std::string> changes_;
  size_t next_change_ = 0;
  fs::path log_, config_file_;
  GridProgress progress_;
  std::unique_ptr<ChildProcess> child_;
  bool stopping_ = false;
};

double total_fraction(const std::vector<GridProgress>& runs) {
  double total = 0;
  for (const GridProgress& run : runs) total += run.fraction();
  return total / static_cast<double>(runs.size());
}

}  // namespace

double GridProgress::fraction() const {
  switch (state) {
    case State::done:
    case State::failed:
      return 1;
    case State::evaluating:
      return kTrainingShare + (1 - kTrainingShare) *
                                  static_cast<double>(std::min(lengths_measured, lengths)) /
                                  static_cast<double>(std::max<int64_t>(1, lengths));
    default:
      return kTrainingShare * static_cast<double>(step) /
             static_cast<double>(std::max<int64_t>(1, steps));
  }
}

std::vector<GridProgress> run_grid(const Config& config,
                                   const std::function<void(const GridReport&)>& report,
                                   const std::atomic<bool>& stop) {
  validate_grid(config);
  check_experiment_folder(config);
  claim_experiment_folder(config.grid);
  make_folder(fs::path(config.grid.folder) / "logs");
  std::vector<std::unique_ptr<Job>> jobs;
  for (const GridRun& run : grid_runs(config)) {
    jobs.push_back(std::make_unique<Job>(config, run));
    jobs.back()->read_progress();
  }

  const auto start = Clock::now();
  std::vector<GridProgress> runs;
  double fraction_before = -1;
  bool stopped = false;
  for (size_t next = 0;;) {
    if (stop.load() && !stopped) {
      stopped = true;
      for (auto& job : jobs) job->stop();
    }
    int64_t running = std::ranges::count_if(jobs, [](const auto& job) { return job->running(); });
    for (; !stopped && running < config.grid.jobs && next < jobs.size(); ++running) {
      jobs[next++]->start();
    }
    for (auto& job : jobs) job->poll();

    runs.clear();
    for (const auto& job : jobs) runs.push_back(job->progress());
    const double fraction = total_fraction(runs);
    if (fraction_before < 0) fraction_before = fraction;
    const double seconds = std::chrono::duration<double>(Clock::now() - start).count();
    const double gained = fraction - fraction_before;
    report({runs, seconds, gained > 0 ? seconds * (1 - fraction) / gained : -1});
    const bool busy = std::ranges::any_of(jobs, [](const auto& job) { return job->running(); });
    if (!busy && (stopped || next == jobs.size())) return runs;
    std::this_thread::sleep_for(kPollInterval);
  }
}

}  // namespace lengthwise
