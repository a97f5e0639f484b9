#include "report/run_options.h"

#include "report/sample_runs.h"
#include "temporary_folder.h"
#include "test.h"

using namespace lengthwise;

namespace {

RunRecord run_with(const TemporaryFolder& folder, int64_t seed, const std::string& config) {
  RunRecord run = sample_run("alibi", 4, seed, {{64, 5.0}});
  run.folder = folder / ("run" + std::to_string(seed));
  make_folder(run.folder);
  write_file(run.folder / "config.ini", config);
  return run;
}

}  // namespace

TEST_CASE("The options of runs fall into those that differ and those in common",
          "[report][options]") {
  const TemporaryFolder folder;
  const std::vector<RunRecord> runs = {
      run_with(folder, 1,
               "[run]\nfolder = a\n\n# why\n[model]\nwidth = 64\n[training]\nseed = 1\n"),
      run_with(folder, 2, "[run]\nfolder = b\n[model]\nwidth = 64\n[training]\nseed = 2\n")};
  CHECK(read_run_options(runs[0].folder).at("model.width") == "64");
  const auto differences = option_differences(runs);
  REQUIRE(differences.size() == 1);
  CHECK(differences[0].name == "training.seed");
  CHECK(differences[0].runs_by_value.at("2") == std::vector<std::string>{"run2"});
  CHECK(common_options(runs) == "[model]\nwidth = 64\n");
  CHECK(read_run_options(folder / "nowhere").empty());
}
