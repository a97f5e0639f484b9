#include <cmath>
#include <functional>
#include <random>

#include "app/workspace.h"
#include "base/safetensors.h"
#include "base/text.h"

namespace lengthwise {
namespace {

constexpr int64_t kSteps = 300;

/// Every source of randomness and every file of a run: dropout, validation, best weights, frequent
/// states, a line a step.
Words train_command(const std::string& folder, const std::string& precision = "fp32") {
  return {"train",
          precision + ".ini",
          "tiny.ini",
          "--run.folder=" + folder,
          "--training.steps=" + std::to_string(kSteps),
          "--model.dropout=0.1",
          "--training.log_every=1",
          "--training.checkpoint_every=4",
          "--training.validate_every=7"};
}

/// The last step a run has logged; 0 before.
int64_t logged_step(const fs::path& log) {
  if (!fs::exists(log)) return 0;
  int64_t step = 0;
  for (const std::string& line : lines_of(file_text(log))) {
    const auto json = nlohmann::json::parse(line, nullptr, /*allow_exceptions=*/false);
    if (json.is_object()) step = json["step"];
  }
  return step;
}

void wait_for_step(const Program& program, const fs::path& log, int64_t step) {
  while (program.running() && logged_step(log) < step) ::usleep(2'000);
}

int64_t saved_step(const fs::path& checkpoint) {
  return *parse_integer(SafetensorsFile(checkpoint).metadata("step"));
}

void check_same_run(const fs::path& a, const fs::path& b) {
  for (const char* file : {"checkpoint.safetensors", "best.safetensors", "state.safetensors"}) {
    check_same_bytes(a / file, b / file);
  }
  CHECK(log_without_speed(a / "train.jsonl") == log_without_speed(b / "train.jsonl"));
  CHECK(log_without_speed(a / "train.jsonl").size() == static_cast<size_t>(kSteps));
}

/// The words after "go on with: lengthwise".
Words command_in(const std::string& output) {
  const std::string before = "go on with: lengthwise ";
  const size_t at = output.find(before);
  REQUIRE(at != std::string::npos);
  return split(lines_of(output.substr(at + before.size())).front(), " ");
}

/// How many processes have their working folder in this one. The programs under test do.
int processes_in(const fs::path& folder) {
  int count = 0;
  std::error_code ignored;
  for (const auto& process : fs::directory_iterator("/proc", ignored)) {
    const fs::path where = fs::read_symlink(process.path() / "cwd", ignored);
    count += where == fs::canonical(folder) ? 1 : 0;
  }
  return count;
}

/// A killed process takes a moment to go.
void wait_for_no_process_in(const fs::path& folder) {
  for (int i = 0; i < 6000 && processes_in(folder) > 0; ++i) ::usleep(10'000);
  CHECK(processes_in(folder) == 0);
}

void put_grid(const Workspace& work) {
  put_file(work / "grid.ini",
           "[experiment]\nquestion = Does it go on?\nschemes = none alibi\ntrain_lengths = 16\n"
           "seeds = 1 2\nfolder = grid\njobs = 2\n\n"
           "[training]\nlog_every = 1\ncheckpoint_every = 3\n");
}

Words grid_command(int64_t steps) {
  return {"experiment", "tiny.ini", "grid.ini", "--training.steps=" + std::to_string(steps)};
}

const Words kGridRuns = {"none-L16-seed1", "alibi-L16-seed1", "none-L16-seed2", "alibi-L16-seed2"};

bool finished(const fs::path& run) {
  return fs::exists(run / "run.json") &&
         nlohmann::json::parse(file_text(run / "run.json"))["finished"].is_string();
}

/// Tries until signals met programs at their work. A machine that stalls lets a program end before
/// its signal comes, which says nothing of the program; what it left in `folder` is then removed.
void until_met_at_work(const fs::path& folder, const std::function<bool()>& met) {
  for (int i = 0; i < 10; ++i) {
    if (met()) return;
    fs::remove_all(folder);
  }
  FAIL("every program ended before its signal");
}

/// A tiny model in bf16 does not mind where the machine has no instructions for it.
void put_precisions(const Workspace& work) {
  put_file(work / "fp32.ini", "[run]\nprecision = fp32\n");
  put_file(work / "bf16.ini", "[run]\nprecision = bf16\nslow_precision = true\n");
}

/// How a run of train_command ended that a signal met at work, at this step or later.
Outcome signalled_run(const Workspace& work, const std::string& folder, int64_t step, int signal,
                      const std::string& precision = "fp32") {
  put_precisions(work);
  Outcome outcome;
  const fs::path log = work / (folder + "/train.jsonl");
  until_met_at_work(work / folder, [&] {
    Program program(train_command(folder, precision), work.path());
    wait_for_step(program, log, step);
    program.send(signal);
    outcome = program.wait();
    return logged_step(log) < kSteps;
  });
  return outcome;
}

TEST_CASE("SIGTERM and SIGINT finish the step, and the command that is printed goes on", "[app]") {
  const Workspace work;
  put_precisions(work);
  for (const auto& [signal, precision] : {std::pair{SIGTERM, "fp32"}, std::pair{SIGINT, "bf16"}}) {
    const std::string run = std::string("stopped-") + precision;
    const std::string whole = std::string("whole-") + precision;
    work.must_run(train_command(whole, precision));
    const Outcome outcome = signalled_run(work, run, 10, signal, precision);
    INFO(outcome.output << outcome.errors);
    REQUIRE(outcome.exit_code == 1);
    const int64_t step = saved_step(work / (run + "/checkpoint.safetensors"));
    CHECK(step >= 10);
    CHECK(step < kSteps);
    CHECK(step == logged_step(work / (run + "/train.jsonl")));
    CHECK(!finished(work / run));

    work.must_run(command_in(outcome.output));
    CHECK(finished(work / run));
    check_same_run(work / whole, work / run);
  }
}

TEST_CASE("The command to go on is quoted where a shell would take it apart", "[app]") {
  const Workspace work;
  CHECK(contains(signalled_run(work, "it's my run", 1, SIGTERM).output,
                 "lengthwise train 'it'\\''s my run/config.ini' --run.folder 'it'\\''s my run'\n"));
}

TEST_CASE("A run killed at any moments ends with the bits of one that was not", "[app]") {
  const Workspace work;
  put_precisions(work);
  work.must_run(train_command("whole"));
  std::mt19937 random(20);
  const auto microseconds = [&](int most) {
    return static_cast<unsigned>(std::uniform_int_distribution(0, most)(random));
  };
  const fs::path log = work / "killed/train.jsonl";
  int kills = 0;
  const auto kill_after = [&](int64_t step, int most_microseconds) {
    Program program(train_command("killed"), work.path());
    wait_for_step(program, log, step);
    ::usleep(microseconds(most_microseconds));
    program.send(SIGKILL);
    kills += program.wait().exit_code == 128 + SIGKILL ? 1 : 0;
  };
  until_met_at_work(work / "killed", [&] {
    kills = 0;
    // While it starts; then between, during and after the writing of steps.
    for (int i = 0; i < 4; ++i) kill_after(0, 400'000);
    for (int part = 1; part <= 7; ++part) {
      kill_after(std::max(part * kSteps / 14, logged_step(log)), 10'000);
    }
    return kills >= 8;
  });
  work.must_run(train_command("killed"));
  check_same_run(work / "whole", work / "killed");
  for (const auto& [name, bytes] : contents(work / "killed")) CHECK(!contains(name, ".partial"));
}

TEST_CASE("A log line cut short and files half written by a kill go", "[app]") {
  const Workspace work;
  put_precisions(work);
  work.must_run(train_command("whole"));
  signalled_run(work, "killed", 20, SIGKILL);
  put_file(work / "killed/train.jsonl", file_text(work / "killed/train.jsonl") + "{\"step\": 9");
  put_file(work / "killed/state.safetensors.77.partial", "half");
  work.must_run(train_command("killed"));
  CHECK(!fs::exists(work / "killed/state.safetensors.77.partial"));
  check_same_run(work / "whole", work / "killed");

  // Killed before there was a config: the folder is still free.
  put_file(work / "early/config.ini.77.partial", "[mod");
  work.must_run(train_command("early"));
  check_same_run(work / "whole", work / "early");
}

TEST_CASE("An experiment killed at any moments finishes and makes nothing twice", "[app]") {
  const Workspace work;
  put_grid(work);
  std::mt19937 random(7);
  const auto killed_when_logged = [&](const std::string& run, int64_t step) {
    Program program(grid_command(200), work.path());
    wait_for_step(program, work / ("grid/" + run + "/train.jsonl"), step);
    ::usleep(static_cast<unsigned>(std::uniform_int_distribution(0, 20'000)(random)));
    program.send(SIGKILL);
    program.wait();
    wait_for_no_process_in(work.path());
    return !finished(work / ("grid/" + run));  // its runs went with it
  };
  until_met_at_work(work / "grid", [&] {
    return killed_when_logged("alibi-L16-seed1", 5) && killed_when_logged("alibi-L16-seed1", 60) &&
           killed_when_logged("alibi-L16-seed2", 10);
  });

  std::map<std::string, fs::file_time_type> done;
  for (const std::string& run : kGridRuns) {
    if (!finished(work / ("grid/" + run))) continue;
    done[run] = fs::last_write_time(work / ("grid/" + run + "/checkpoint.safetensors"));
  }
  CHECK(!done.empty());
  CHECK(done.size() < kGridRuns.size());

  const Outcome outcome = work.must_run(grid_command(200));
  CHECK(contains(outcome.output, "written: grid/comparison"));
  for (const auto& [run, time] : done) {
    INFO(run);
    CHECK(fs::last_write_time(work / ("grid/" + run + "/checkpoint.safetensors")) == time);
  }
  // One that was interrupted has the bits of a run that was not.
  work.must_run({"train", "tiny.ini", "grid.ini", "--training.steps=200", "--position.scheme=alibi",
                 "--training.seed=1", "--run.folder=apart"});
  check_same_bytes(work / "grid/alibi-L16-seed1/state.safetensors",
                   work / "apart/state.safetensors");
}

TEST_CASE("SIGTERM to an experiment saves and ends its runs, and it goes on as it says", "[app]") {
  const Workspace work;
  put_grid(work);
  Words command = grid_command(200);
  command.push_back("--experiment.seeds=1");
  Outcome outcome;
  until_met_at_work(work / "grid", [&] {
    Program program(command, work.path());
    wait_for_step(program, work / "grid/none-L16-seed1/train.jsonl", 5);
    wait_for_step(program, work / "grid/alibi-L16-seed1/train.jsonl", 5);
    program.send(SIGTERM);
    outcome = program.wait();
    return outcome.exit_code != 0;
  });
  INFO(outcome.output << outcome.errors);
  CHECK(outcome.exit_code == 1);
  CHECK(processes_in(work.path()) == 0);
  CHECK(saved_step(work / "grid/none-L16-seed1/checkpoint.safetensors") ==
        logged_step(work / "grid/none-L16-seed1/train.jsonl"));
  CHECK(!fs::exists(work / "grid/comparison"));

  work.must_run(command_in(outcome.output));
  CHECK(fs::exists(work / "grid/comparison/README.md"));
}

TEST_CASE("A run of a grid that fails is named with its reason and the others are compared",
          "[app]") {
  const Workspace work;
  put_grid(work);
  Words command = grid_command(12);
  command.insert(
      command.end(),
      {"--experiment.schemes=sinusoidal alibi", "--experiment.seeds=1",
       "--experiment.alternatives=position.alibi.bias_max=12:training.learning_rate=1e30"});
  const Outcome outcome = work.run(command);
  INFO(outcome.output << outcome.errors);
  CHECK(outcome.exit_code == 1);
  REQUIRE(lines_of(outcome.errors).size() >= 1);
  const std::string line = lines_of(outcome.errors).back();
  CHECK(contains(line, "learning_rate=1e30-L16-seed1 failed"));
  CHECK(contains(line, "training.learning_rate (1e+30)"));
  const std::string table = file_text(work / "grid/comparison/table.csv");
  CHECK(contains(table, "sinusoidal"));
  CHECK(contains(table, "alibi"));
  CHECK(!contains(table, "1e30"));
}

TEST_CASE("A loss that is not finite ends the run with its step, and the last good state stays",
          "[app]") {
  const Workspace work;
  const Outcome outcome =
      work.run({"train", "tiny.ini", "--run.folder=run", "--training.learning_rate=1e30",
                "--training.checkpoint_every=1", "--training.log_every=1"});
  CHECK(outcome.exit_code == 1);
  const std::string line = lines_of(outcome.errors).back();
  INFO(line);
  const int64_t good = saved_step(work / "run/checkpoint.safetensors");
  CHECK(good >= 1);
  CHECK(contains(line, "lengthwise: step " + std::to_string(good + 1) + ": "));
  CHECK(contains(line, "training.learning_rate (1e+30)"));
  CHECK(contains(line, "run/checkpoint.safetensors"));

  const SafetensorsFile checkpoint(work / "run/checkpoint.safetensors");
  for (const auto& [name, array] : checkpoint.arrays()) {
    for (const float value : checkpoint.values<float>(name)) REQUIRE(std::isfinite(value));
  }
}

TEST_CASE("A grid whose every run diverges names each and fails", "[app]") {
  const Workspace work;
  put_file(work / "grid.ini",
           "[experiment]\nschemes = none alibi\ntrain_lengths = 16\nseeds = 1\nfolder = grid\n"
           "[training]\nlearning_rate = 1e30\n");
  const Outcome outcome = work.run({"experiment", "tiny.ini", "grid.ini"});
  CHECK(outcome.exit_code == 1);
  CHECK(contains(outcome.errors, "none-L16-seed1 failed: "));
  CHECK(contains(outcome.errors, "alibi-L16-seed1 failed: "));
  CHECK(contains(outcome.errors, "training.learning_rate"));
}

}  // namespace
}  // namespace lengthwise
