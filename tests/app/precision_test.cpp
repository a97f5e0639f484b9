#include "app/workspace.h"

namespace lengthwise {
namespace {

/// A tiny model in bf16 does not mind where the machine has no instructions for it.
const Words kInBf16 = {"--run.precision=bf16", "--run.slow_precision=true"};

Words with_bf16(Words words) {
  words.insert(words.end(), kInBf16.begin(), kInBf16.end());
  return words;
}

std::vector<nlohmann::json> evaluations(const fs::path& run) {
  std::vector<nlohmann::json> lines;
  for (const std::string& line : lines_of(file_text(run / "evaluation.jsonl"))) {
    lines.push_back(nlohmann::json::parse(line));
  }
  return lines;
}

TEST_CASE("A precision is a row of its own, of training and of measuring", "[app]") {
  const Workspace work;
  work.must_run({"train", "tiny.ini", "--run.folder=plain"});
  work.must_run(with_bf16({"train", "tiny.ini", "--run.folder=rounded"}));
  work.must_run({"evaluate", "plain", "rounded"});
  for (const char* run : {"plain", "rounded"}) {
    for (const auto& line : evaluations(work / run)) {
      CHECK(line["precision"] == "fp32");  // whatever the training was
      CHECK(line["device"] == "cpu");
    }
  }
  work.must_run(with_bf16({"evaluate", "plain"}));
  const auto lines = evaluations(work / "plain");
  REQUIRE(lines.size() == 4);
  CHECK(lines[2]["precision"] == "bf16");
  CHECK(lines[2]["variant"] == "run.precision=bf16");
  CHECK(lines[2]["nats_per_token"].get<double>() ==
        Approx(lines[0]["nats_per_token"].get<double>()).epsilon(0.01));
  CHECK(lines[2]["nats_per_token"] != lines[0]["nats_per_token"]);

  const std::string table = work.must_run({"compare", "plain", "rounded"}).output;
  CAPTURE(table);
  CHECK(table.find("alibi (run.precision=fp32) ") != std::string::npos);
  CHECK(table.find("alibi (run.precision=fp32) with run.precision=bf16 ") != std::string::npos);
  CHECK(table.find("alibi (run.precision=bf16) ") != std::string::npos);
}

}  // namespace
}  // namespace lengthwise
