#include <fmt/format.h>

#include <algorithm>

#include "app/workspace.h"

// Runs that versions of the program left: runs_of_versions/README.md says how.

namespace lengthwise {
namespace {

using Json = nlohmann::json;

const fs::path kRuns = fs::path(LENGTHWISE_SOURCE) / "tests/runs_of_versions";

std::vector<std::string> versions() {
  std::vector<std::string> commits;
  for (const auto& entry : fs::directory_iterator(kRuns)) {
    if (fs::exists(entry.path() / "finished")) commits.push_back(entry.path().filename().string());
  }
  std::sort(commits.begin(), commits.end());
  REQUIRE(commits.size() >= 4);
  return commits;
}

/// A copy of a version's runs, with the text they were trained on.
class OldRuns : public Workspace {
 public:
  explicit OldRuns(const std::string& version) {
    fs::remove_all(*this / "text");
    fs::copy(kRuns / "text", *this / "text", fs::copy_options::recursive);
    fs::copy(kRuns / version, path(), fs::copy_options::recursive);
  }

  /// Of text, and of a task since there are tasks.
  std::vector<std::string> finished() const {
    std::vector<std::string> runs = {"finished"};
    if (fs::exists(*this / "task")) runs.push_back("task");
    return runs;
  }
};

std::vector<Json> json_lines(const fs::path& path) {
  std::vector<Json> parsed;
  for (const std::string& line : lines_of(file_text(path))) parsed.push_back(Json::parse(line));
  return parsed;
}

/// The first versions did not write what they did with a document's first token.
bool was_measured_too_long_ago(const fs::path& run) {
  return !json_lines(run / "evaluation.jsonl").front().contains("first_token");
}

void remove_measurements(const fs::path& run) {
  fs::remove(run / "evaluation.jsonl");
  fs::remove_all(run / "evaluation");
}

void check_near(const Json& actual, const Json& expected, const std::string& key, double margin) {
  INFO(key << " of " << actual.dump() << " and " << expected.dump());
  REQUIRE(actual.contains(key) == expected.contains(key));
  if (!expected.contains(key)) return;
  CHECK(actual[key].get<double>() == Approx(expected[key].get<double>()).epsilon(0).margin(margin));
}

void check_same_measurements(const std::vector<Json>& found, const std::vector<Json>& expected) {
  REQUIRE(found.size() == expected.size());
  for (size_t i = 0; i < found.size(); ++i) {
    for (const char* key : {"split", "protocol", "length", "stride", "windows", "tokens"}) {
      CAPTURE(key);
      CHECK(found[i][key].dump() == expected[i][key].dump());
    }
    check_near(found[i], expected[i], "nats_per_token", 1e-5);
    check_near(found[i], expected[i], "accuracy", 0.051);  // one answer of 20 may be a tie
  }
}

}  // namespace

TEST_CASE("A run that a version stopped goes on, and ends as the one that it finished", "[app]") {
  for (const std::string& version : versions()) {
    CAPTURE(version);
    const OldRuns work(version);
    const fs::path log = work / "stopped/train.jsonl";
    const std::string before = file_text(log);
    REQUIRE(json_lines(log).size() < json_lines(work / "finished/train.jsonl").size());

    work.must_run({"train", "stopped/config.ini", "--run.folder=stopped"});
    CHECK(file_text(log).starts_with(before));
    CHECK(Json::parse(file_text(work / "stopped/run.json"))["finished"].is_string());
    const auto found = json_lines(log), expected = json_lines(work / "finished/train.jsonl");
    REQUIRE(found.size() == expected.size());
    for (size_t i = 0; i < found.size(); ++i) {
      CHECK(found[i]["step"].get<int64_t>() == expected[i]["step"].get<int64_t>());
      // Another machine rounds otherwise; other windows or moments are off by hundredths.
      check_near(found[i], expected[i], "nats_per_token", 1e-3);
      check_near(found[i], expected[i], "validation_nats_per_token", 1e-3);
    }
  }
}

TEST_CASE(
    "A run that a version finished is measured as it was then, from the tokens it prepared "
    "and from its text",
    "[app]") {
  for (const std::string& version : versions()) {
    const OldRuns work(version);
    for (const std::string& run : work.finished()) {
      const auto expected = json_lines(work / (run + "/evaluation.jsonl"));
      for (const bool prepared : {true, false}) {
        CAPTURE(version, run, prepared);
        if (!prepared) fs::remove_all(work / "prepared");
        remove_measurements(work / run);
        work.must_run({"evaluate", run});
        check_same_measurements(json_lines(work / (run + "/evaluation.jsonl")), expected);
      }
      work.must_run({"evaluate", run, "--evaluation.checkpoint=best"});
    }
  }
}

TEST_CASE("What a version measured is compared, or refused with the line that says what helps",
          "[app]") {
  for (const std::string& version : versions()) {
    const OldRuns work(version);
    for (const std::string& run : work.finished()) {
      CAPTURE(version, run);
      const auto measured = json_lines(work / (run + "/evaluation.jsonl"));
      if (was_measured_too_long_ago(work / run)) {
        const Outcome refused = work.run({"compare", run});
        CHECK(refused.exit_code == 2);
        CHECK(refused.errors ==
              "lengthwise: " + run +
                  "/evaluation.jsonl:1: was measured by an older version; remove the file and "
                  "evaluate again\n");
        fs::remove(work / (run + "/evaluation.jsonl"));
        work.must_run({"evaluate", run});
      }
      const std::string table = work.must_run({"compare", run}).output;
      INFO(table);
      for (const Json& line : measured) {
        const bool of_task = line.contains("accuracy");
        const double shown =
            of_task ? 100 * line["accuracy"].get<double>() : line["perplexity"].get<double>();
        CHECK(contains(table, fmt::format("{:.{}f}", shown, of_task ? 1 : 3)));
      }
      // What is measured now joins what was measured then.
      work.must_run({"evaluate", run, "--evaluation.lengths=48"});
      CHECK(json_lines(work / (run + "/evaluation.jsonl")).size() == measured.size() + 1);
      CHECK(contains(work.must_run({"compare", run}).output, "48"));
    }
  }
}

TEST_CASE("Lines that do not say how positions were drawn are not mixed with those that do",
          "[app]") {
  const Workspace work;
  work.must_run({"train", "tiny.ini", "--run.folder=run", "--position.scheme=randomized"});
  work.must_run({"evaluate", "run", "--evaluation.lengths=16"});
  const fs::path lines = work / "run/evaluation.jsonl";
  Json line = json_lines(lines).front();
  CHECK(line["draws"] == 1);
  line.erase("draws");
  put_file(lines, line.dump() + "\n");

  const Outcome refused = work.run({"evaluate", "run"});
  CHECK(refused.exit_code == 2);
  CHECK(
      refused.errors ==
      "lengthwise: run/evaluation.jsonl: was measured by an older version, whose lines do not say "
      "how positions were drawn; remove the file and evaluate again\n");
  fs::remove(lines);
  work.must_run({"evaluate", "run"});
  CHECK(json_lines(lines).size() == 2);
}

}  // namespace lengthwise
