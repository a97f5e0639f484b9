#include "report/figures/training_log.h"

#include "report/sample_runs.h"
#include "temporary_folder.h"
#include "test.h"
#include "user_error_text.h"

using namespace lengthwise;

namespace {

RunRecord logged_run(const TemporaryFolder& folder, int64_t seed, const std::string& log) {
  RunRecord run = sample_run("alibi", seed, {{64, 5.0}});
  run.folder = folder / ("alibi-seed" + std::to_string(seed));
  make_folder(run.folder);
  write_file(run.folder / "train.jsonl", log);
  return run;
}

}  // namespace

TEST_CASE("A training log is read in order; of two lines of a step the later counts",
          "[report][log]") {
  const TemporaryFolder folder;
  const RunRecord run = logged_run(folder, 1,
                                   R"({"step":50,"nats_per_token":3.5,"learning_rate":0.1}
{"step":100,"nats_per_token":2.5,"validation_nats_per_token":2.25}
{"step":100,"nats_per_token":2.75}
{"step":150,"nats_per_to)");
  const auto lines = read_training_log(run.folder);
  REQUIRE(lines.size() == 2);
  CHECK(lines[0].step == 50);
  CHECK(lines[0].nats_per_token == 3.5);
  CHECK(lines[1].nats_per_token == 2.75);
  CHECK_FALSE(lines[1].validation_nats_per_token);
  CHECK(read_training_log(folder / "nowhere").empty());
}

TEST_CASE("A broken line of a training log is named", "[report][log]") {
  const TemporaryFolder folder;
  for (const std::string broken : {"{\"step\":100}", "[]", "nonsense", "{\"nats_per_token\":1}"}) {
    const RunRecord run =
        logged_run(folder, 1, "{\"step\":50,\"nats_per_token\":3}\n" + broken + "\n");
    CHECK(contains(user_error_text([&] { read_training_log(run.folder); }), "train.jsonl:2: "));
  }
}

TEST_CASE("Seeds are one training curve with a band, at the steps all of them logged",
          "[report][log]") {
  const TemporaryFolder folder;
  const std::vector<RunRecord> runs = {
      logged_run(folder, 1,
                 "{\"step\":1,\"nats_per_token\":3}\n{\"step\":2,\"nats_per_token\":2}\n"),
      logged_run(folder, 2, "{\"step\":1,\"nats_per_token\":4}\n")};
  const LineChart chart = training_chart(compare_samples(runs), runs);
  REQUIRE(chart.views.size() == 1);
  REQUIRE(chart.views[0].series.size() == 1);
  const Series& series = chart.views[0].series[0];
  CHECK(series.label == "alibi");
  CHECK(series.x == std::vector<double>{1});
  CHECK(series.y == std::vector<double>{3.5});
  CHECK(series.low == std::vector<double>{3});
  CHECK(series.high == std::vector<double>{4});
}
