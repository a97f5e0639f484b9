#include "report/results/results.h"

#include <set>

#include "base/folder_mark.h"
#include "report/contains_text.h"
#include "report/failing_and_holding.h"
#include "temporary_folder.h"
#include "test.h"
#include "user_error_text.h"

using namespace lengthwise;

namespace {

std::set<std::string> names_in(const fs::path& folder) {
  std::set<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder)) names.insert(entry.path().filename());
  return names;
}

std::string refusal(const fs::path& folder) {
  return user_error_text([&] { ResultsFolder{folder}; });
}

std::string write_sample(const fs::path& folder, bool ideal) {
  const auto runs = failing_and_holding(ideal);
  return write_results(ResultsFolder(folder), compare_samples(runs), runs,
                       {"A question", "lengthwise compare r", "", "0.1.0", "c0ffee", "2026-11-27"});
}

}  // namespace

TEST_CASE("Results take a new folder, an empty one, and one of an earlier comparison",
          "[report][results]") {
  const TemporaryFolder folder;
  CHECK(refusal(folder / "new/deep").empty());
  make_folder(folder / "empty");
  CHECK(refusal(folder / "empty").empty());
  CHECK(write_sample(folder / "empty", /*ideal=*/true).empty());
  CHECK(refusal(folder / "empty").empty());
  CHECK(write_sample(folder / "empty", /*ideal=*/true).empty());
}

TEST_CASE("Files of an earlier comparison that a new one does not write go; a user's own stay",
          "[report][results]") {
  const TemporaryFolder folder;
  write_sample(folder / "out", /*ideal=*/true);
  write_file(folder / "out/notes.txt", "mine");
  CHECK(names_in(folder / "out").contains("gaps.csv"));
  write_sample(folder / "out", /*ideal=*/false);
  CHECK_FALSE(names_in(folder / "out").contains("gaps.csv"));
  CHECK(read_file(folder / "out/notes.txt") == "mine");
}

TEST_CASE("A file that stands where results would be and was not written by them is refused",
          "[report][results]") {
  const TemporaryFolder folder;
  write_sample(folder / "out", /*ideal=*/false);
  write_file(folder / "out/gaps.csv", "mine");
  CHECK_THAT(refusal(folder / "out"), contains_text("out/gaps.csv was not written by"));
}

TEST_CASE("Results refuse anybody's folder and leave it as it is", "[report][results]") {
  const TemporaryFolder folder;
  make_folder(folder / "project");
  write_file(folder / "project/README.md", "# My project\n");
  write_file(folder / "project/table.csv", "mine");
  write_file(folder / "file", "no folder");
  CHECK_THAT(refusal(folder / "project"), contains_text("experiment.results: ") &&
                                              contains_text("holds files that are no earlier"));
  CHECK_THAT(refusal(folder / "file"), contains_text("is no folder"));
  CHECK_THAT(refusal(folder / "file/below"), contains_text("is no folder"));
  CHECK(names_in(folder / "project") == std::set<std::string>{"README.md", "table.csv"});
}

TEST_CASE("Results do not lie in a run folder", "[report][results]") {
  const TemporaryFolder folder;
  make_folder(folder / "run");
  write_file(folder / "run/run.json", "{}");
  write_file(folder / "run/config.ini", "");
  CHECK_THAT(refusal(folder / "run/results"), contains_text("lies in the run folder"));
}

TEST_CASE("Results that were written before folders were marked are known", "[report][results]") {
  for (const char* name : {"long-reach", "tasks/copy", "tasks/passkey"}) {
    const TemporaryFolder folder;
    fs::copy(fs::path(LENGTHWISE_SOURCE) / "results" / name, folder / "copy");
    CHECK(refusal(folder / "copy").empty());
    write_sample(folder / "copy", /*ideal=*/false);
    CHECK_FALSE(names_in(folder / "copy").contains("gaps.csv"));
    CHECK_FALSE(names_in(folder / "copy").contains("places.csv"));
    CHECK_FALSE(names_in(folder / "copy").contains("options.ini"));
  }
}

TEST_CASE("A folder in which a kill left half of the results is known", "[report][results]") {
  const TemporaryFolder folder;
  ResultsFolder(folder / "out").claim();
  write_file(folder / "out/table.csv.17.partial", "half");
  CHECK(refusal(folder / "out").empty());
  write_sample(folder / "out", /*ideal=*/true);
  const auto mark = read_mark(folder / "out");
  REQUIRE(mark);
  for (const std::string& name : mark->files) CHECK(fs::exists(folder / "out" / name));
}

TEST_CASE("The list of runs names all that tells them apart", "[report][results]") {
  const TemporaryFolder folder;
  std::vector<RunRecord> runs;
  for (const char* heads : {"2", "4", "8"}) {
    RunRecord run = sample_run("alibi", 1, {{64, 5}});
    run.folder = fs::path("grid") / heads / "alibi-L64-seed1";
    run.options = {{"model.heads", heads}};
    runs.push_back(run);
  }
  const TextComparison comparison = compare_texts(runs, {{}, {}, {{"model.heads", "4"}}, {}});
  write_results(ResultsFolder(folder / "out"), comparison, runs, {});
  const std::string readme = read_file(folder / "out/README.md");
  const std::string page = read_file(folder / "out/report.html");
  for (const char* heads : {"2", "4", "8"}) {
    const std::string label = std::string("alibi (model.heads=") + heads + ")";
    const std::string place = std::string(heads) + "/alibi-L64-seed1";
    CHECK_THAT(readme, contains_text("| " + label + " L=64 seed 1 |") && contains_text(place));
    CHECK_THAT(page, contains_text(label) && contains_text("<td>" + place + "</td>"));
  }
}
