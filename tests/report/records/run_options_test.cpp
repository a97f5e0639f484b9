#include "report/records/run_options.h"

#include "report/figures/comparison_curves.h"
#include "report/sample_runs.h"
#include "temporary_folder.h"
#include "test.h"

using namespace lengthwise;

namespace {

RunRecord run_with(const std::string& scheme, int64_t seed,
                   const std::map<std::string, std::string>& options) {
  RunRecord run = sample_run(scheme, seed, {{64, 5.0}});
  run.options = options;
  return run;
}

}  // namespace

TEST_CASE("The options of a run are those of its config.ini", "[report][options]") {
  const TemporaryFolder folder;
  write_file(folder / "config.ini", "[run]\nfolder = a\n\n# why\n[model]\nwidth = 64\n");
  CHECK(read_run_options(folder.path()) ==
        std::map<std::string, std::string>{{"run.folder", "a"}, {"model.width", "64"}});
  CHECK(read_run_options(folder / "nowhere").empty());
}

TEST_CASE("The options of runs fall into those that differ and those in common",
          "[report][options]") {
  const std::vector<RunRecord> runs = {
      run_with("alibi", 1, {{"run.folder", "a"}, {"model.width", "64"}, {"training.seed", "1"}}),
      run_with("alibi", 2, {{"run.folder", "b"}, {"model.width", "64"}, {"training.seed", "2"}})};
  const auto differences = option_differences(runs);
  REQUIRE(differences.size() == 1);
  CHECK(differences[0].name == "training.seed");
  CHECK(differences[0].runs_by_value.at("2") == std::vector<std::string>{"alibi-seed2"});
  CHECK(common_options(runs) == "[model]\nwidth = 64\n");
}

TEST_CASE("Runs of one scheme are told apart by the options that decide their weights",
          "[report][options]") {
  const std::map<std::string, std::string> plain = {{"model.heads", "4"},
                                                    {"position.alibi.bias_max", "8"},
                                                    {"training.seed", "1"},
                                                    {"training.log_every", "10"},
                                                    {"evaluation.lengths", "64"}};
  auto more_heads = plain, smaller_slopes = plain, elsewhere = plain;
  more_heads["model.heads"] = "8";
  smaller_slopes["position.alibi.bias_max"] = "12";
  elsewhere["training.seed"] = "2";
  elsewhere["training.log_every"] = "50";
  elsewhere["evaluation.lengths"] = "128";
  const std::map<std::string, std::string> settings = {{"model.heads", "4"},
                                                       {"position.alibi.bias_max", "8"}};
  // The value of most runs is not named.
  CHECK(settings_of({run_with("alibi", 1, plain), run_with("alibi", 2, elsewhere),
                     run_with("alibi", 1, more_heads), run_with("alibi", 1, smaller_slopes),
                     run_with("rotary", 1, plain)},
                    settings) ==
        std::vector<std::string>{"", "", "model.heads=8", "position.alibi.bias_max=12", ""});
  // Of two there are no most.
  CHECK(settings_of({run_with("alibi", 1, plain), run_with("alibi", 1, more_heads)}, settings) ==
        std::vector<std::string>{"model.heads=4", "model.heads=8"});
  // What differs between schemes alone is a setting of neither.
  CHECK(settings_of({run_with("alibi", 1, plain), run_with("rotary", 1, more_heads)}, settings) ==
        std::vector<std::string>{"", ""});
  // An option younger than a run had its default's effect.
  auto older = plain;
  older.erase("model.heads");
  CHECK(settings_of({run_with("alibi", 1, plain), run_with("alibi", 2, older)}, settings) ==
        std::vector<std::string>{"", ""});
}

TEST_CASE("Runs of other corpora, or of files with other content, are told apart",
          "[report][options]") {
  RunRecord one = run_with("longrope", 1, {{"factors", "list.txt"}}), other = one;
  one.file_hashes["factors"] = "0123456789";
  other.file_hashes["factors"] = "abcdefabcdef";
  const std::map<std::string, std::string> settings = {{"factors", ""}};
  CHECK(settings_of({one, other}, settings) ==
        std::vector<std::string>{"factors=list.txt@01234567", "factors=list.txt@abcdefab"});
  other.file_hashes = one.file_hashes;
  other.corpus_hash = "decadedecade";
  CHECK(settings_of({one, other}, settings)[1] == "trained on ideal_reader@decadede");
}

TEST_CASE("Runs that were trained otherwise are rows of their own", "[report][options]") {
  const std::vector<RunRecord> runs = {run_with("alibi", 1, {{"model.heads", "4"}}),
                                       run_with("alibi", 2, {{"model.heads", "4"}}),
                                       run_with("alibi", 1, {{"model.heads", "8"}})};
  const TextComparison comparison = compare_texts(runs, {{}, {}, {{"model.heads", "4"}}, {}});
  REQUIRE(comparison.rows.size() == 2);
  CHECK(comparison.rows[0].label() == "alibi");
  CHECK(comparison.rows[0].seeds == 2);
  CHECK(comparison.rows[1].label() == "alibi (model.heads=8)");
  const ComparisonCurves curves(comparison);
  CHECK(curves.of(comparison.rows[0]).look != curves.of(comparison.rows[1]).look);
}
