#include "report/comparison/published.h"

#include <cmath>

#include "report/contains_text.h"
#include "report/sample_runs.h"
#include "report/tables/statistics_table.h"
#include "temporary_folder.h"
#include "test.h"
#include "user_error_text.h"

using namespace lengthwise;

namespace {

const fs::path kPress = fs::path(LENGTHWISE_SOURCE) / "results/published/press2021.csv";

/// As if trained and measured on WikiText-103's words.
TextComparison on_wikitext_103(const std::string& split = "valid") {
  std::vector<RunRecord> runs{sample_run("sinusoidal", 1, {{512, 21.0}, {1024, 40.0}}),
                              sample_run("alibi", 1, {{512, 20.0}, {1024, 19.0}})};
  for (RunRecord& run : runs) {
    run.train_length = 512;
    for (EvaluationRecord& record : run.evaluations) {
      record.split = split;
      record.tokens = split == "valid" ? 217646 : 245569;
    }
  }
  TextComparison comparison = compare_samples(runs);
  comparison.train_tokens = 103227021;
  return comparison;
}

}  // namespace

TEST_CASE("Published numbers of the same data stand beside ours, with the gap", "[report]") {
  TextComparison comparison = on_wikitext_103();
  add_published(comparison, kPress);
  CHECK(comparison.notes.empty());
  const auto row = std::ranges::find_if(comparison.published, [](const PublishedRow& each) {
    return each.scheme == "alibi" && each.source == "press2021, table-2, table-5";
  });
  REQUIRE(row != comparison.published.end());
  // Press et al. 2021: ALiBi trained at 512, in table 2 and in table 5.
  CHECK(row->perplexity[0] == 19.73);
  CHECK(row->perplexity[1] == 18.81);
  const auto gaps = gap_to_published(comparison, *row);
  CHECK(*gaps[0] == Approx(std::log(20.0 / 19.73)).epsilon(1e-12));
  CHECK(*gaps[1] == Approx(std::log(19.0 / 18.81)).epsilon(1e-12));
  CHECK(contains(terminal_report(comparison), "alibi (press2021, table-2, table-5)"));
  CHECK(
      contains(published_csv(comparison), "\"press2021, table-2, table-5\",alibi,512,1024,18.81,"));
}

TEST_CASE("A table of published numbers is read whatever system saved it", "[report]") {
  const TemporaryFolder folder;
  std::string csv = read_file(kPress), saved = "\xEF\xBB\xBF";
  for (const char c : csv) saved += c == '\n' ? std::string("\r\n") : std::string(1, c);
  write_file(folder / "press2021.csv", saved);
  write_file(folder / "datasets.csv", read_file(kPress.parent_path() / "datasets.csv"));
  TextComparison ours = on_wikitext_103(), theirs = on_wikitext_103();
  add_published(ours, kPress);
  add_published(theirs, folder / "press2021.csv");
  REQUIRE(theirs.published.size() == ours.published.size());
  CHECK(published_csv(theirs) == published_csv(ours));

  csv.insert(csv.find('\n') + 1, "\n\n");
  csv += "broken\n";
  write_file(folder / "press2021.csv", csv);
  const auto lines = std::ranges::count(csv, '\n');
  CHECK(contains(user_error_text([&] { add_published(theirs, folder / "press2021.csv"); }),
                 fmt::format("press2021.csv:{}: has 1 fields", lines)));
}

TEST_CASE("Published numbers never stand beside ours of other data, and a note says why",
          "[report]") {
  const auto refused = [](const TextComparison& original) {
    TextComparison comparison = original;
    add_published(comparison, kPress);
    CHECK(comparison.published.empty());
    REQUIRE(comparison.notes.size() == 1);
    return comparison.notes[0];
  };
  // WikiText-2 has the same held-out tokens as WikiText-103, and another training split.
  TextComparison comparison = on_wikitext_103();
  comparison.train_tokens = 2088628;
  CHECK(contains(refused(comparison), "2,088,628 tokens of training"));
  comparison = on_wikitext_103();
  comparison.tokens = 217645;
  CHECK(contains(refused(comparison), "217,645"));
  comparison = on_wikitext_103();
  comparison.measurement.stride = 7;
  CHECK(contains(refused(comparison), "stride 7"));
  comparison = on_wikitext_103();
  comparison.measurement.protocol = "sliding";
  CHECK(contains(refused(comparison), "sliding"));
  comparison = on_wikitext_103();
  for (Row& row : comparison.rows) row.train_length = 77;
  CHECK(contains(refused(comparison), "train and eval lengths"));
}

TEST_CASE("A table of published numbers that is none is named with its fault", "[report]") {
  const TemporaryFolder folder;
  const auto error_of = [&](const std::string& text) {
    fs::copy_file(kPress.parent_path() / "datasets.csv", folder / "datasets.csv",
                  fs::copy_options::overwrite_existing);
    write_file(folder / "mine.csv", text);
    TextComparison comparison = on_wikitext_103();
    return user_error_text([&] { add_published(comparison, folder / "mine.csv"); });
  };
  const std::string heading =
      "paper,table,dataset,split,scheme,train_length,eval_length,protocol,stride,perplexity\n";
  const std::string row = "mine,table-1,wikitext-103,valid,alibi,512,512,non_overlapping,,";
  CHECK(contains(error_of("paper,table\n"), "no column 'dataset'"));
  CHECK(contains(error_of(heading + row + "abc\n"), "mine.csv:2: perplexity is 'abc'"));
  CHECK(contains(error_of(heading + row + "-3\n"), "perplexity is '-3'"));
  // Lines are counted as an editor counts them, whatever ends them.
  CHECK(contains(error_of("\n\n" + heading + "\n" + row + "abc\n"), "mine.csv:5: perplexity"));
  CHECK(contains(error_of("\xEF\xBB\xBF" + heading + "\r\n  \r\n" + row + "abc\r\n"),
                 "mine.csv:4: perplexity is 'abc'"));
  CHECK(contains(error_of(heading + "\r\r" + row + "abc\r"), "mine.csv:4: perplexity"));
  CHECK(contains(error_of("\n\n"), "mine.csv: is empty"));
  CHECK(contains(error_of(heading + "mine,table-1\n"), "mine.csv:2: has 2 fields"));
  TextComparison comparison = on_wikitext_103();
  CHECK(contains(user_error_text([&] { add_published(comparison, folder / "none.csv"); }),
                 "none.csv"));
}
