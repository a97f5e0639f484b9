#include "experiment/experiment_folder.h"

#include "experiment/run_folder.h"
#include "experiment/run_grid.h"
#include "temporary_folder.h"
#include "test.h"
#include "user_error_text.h"

namespace lengthwise {
namespace {

Config sample_experiment(const fs::path& folder) {
  Config config;
  config.grid.schemes = {"alibi", "rotary"};
  config.grid.train_lengths = {48};
  config.grid.seeds = {1};
  config.grid.folder = folder.string();
  return config;
}

std::string refusal(const Config& config) {
  return user_error_text([&] { check_experiment_folder(config); });
}

TEST_CASE("An experiment takes a new folder, an empty one, and its own", "[experiment]") {
  const TemporaryFolder temporary;
  const Config config = sample_experiment(temporary / "grid");
  CHECK(refusal(config).empty());
  CHECK(!fs::exists(temporary / "grid"));
  claim_experiment_folder(config.grid);
  write_file(temporary / "grid/notes.txt", "mine");
  CHECK(refusal(config).empty());
}

TEST_CASE("A folder of runs, and an experiment older than marks, are known", "[experiment]") {
  const TemporaryFolder temporary;
  const Config config = sample_experiment(temporary / "grid");
  const GridRun run = grid_runs(config).front();
  const RunFolder folder(temporary / "grid" / run_name(run));
  folder.open_or_create(run_config(config, run));
  CHECK(refusal(config).empty());
  write_file(temporary / "grid/notes.txt", "mine");
  CHECK(contains(refusal(config), "holds what no experiment wrote"));
  make_folder(temporary / "grid/logs");
  write_file(temporary / "grid/logs" / (run_name(run) + ".txt"), "");
  CHECK(refusal(config).empty());
}

TEST_CASE("An experiment refuses anybody's folder", "[experiment]") {
  const TemporaryFolder temporary;
  make_folder(temporary / "project/logs");
  write_file(temporary / "project/logs/server.txt", "mine");
  CHECK(contains(refusal(sample_experiment(temporary / "project")),
                 "holds what no experiment wrote"));
  write_file(temporary / "file", "");
  CHECK(contains(refusal(sample_experiment(temporary / "file")), "is no folder"));
}

TEST_CASE("A run of other options is refused before any run starts", "[experiment]") {
  const TemporaryFolder temporary;
  Config config = sample_experiment(temporary / "grid");
  const GridRun run = grid_runs(config).back();
  RunFolder(temporary / "grid" / run_name(run)).open_or_create(run_config(config, run));
  config.training.steps += 1;
  CHECK(contains(refusal(config), "training.steps"));
}

TEST_CASE("Results do not stand among the runs", "[experiment]") {
  const TemporaryFolder temporary;
  Config config = sample_experiment(temporary / "grid");
  for (const char* name : {"grid", "grid/../grid", "grid/logs", "grid/alibi-L48-seed1/x"}) {
    config.grid.results = (temporary / name).string();
    CHECK(contains(refusal(config), "experiment.results: "));
  }
  for (const char* name : {"grid/answer", "results", ""}) {
    config.grid.results = *name == 0 ? "" : (temporary / name).string();
    CHECK(refusal(config).empty());
  }
}

}  // namespace
}  // namespace lengthwise
