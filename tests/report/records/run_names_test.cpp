#include "report/records/run_names.h"

#include "report/sample_runs.h"
#include "test.h"

using namespace lengthwise;

TEST_CASE("A run is known by the shortest end of its folder's path that is its own",
          "[report][records]") {
  std::vector<RunRecord> runs(4, sample_run("alibi", 1, {}));
  runs[0].folder = "a/grid/alibi-L64-seed1";
  runs[1].folder = "b/grid/alibi-L64-seed1/";
  runs[2].folder = "b/grid/alibi-L64-seed2";
  runs[3].folder = "alibi-L64-seed1";
  CHECK(folder_names(runs) == std::vector<std::string>{"a/grid/alibi-L64-seed1",
                                                       "b/grid/alibi-L64-seed1", "alibi-L64-seed2",
                                                       "alibi-L64-seed1"});
}
