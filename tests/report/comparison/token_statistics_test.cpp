#include "report/comparison/token_statistics.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "report/contains_text.h"
#include "report/sample_runs.h"
#include "report/stored_runs.h"
#include "report/tables/statistics_table.h"
#include "test.h"
#include "user_error_text.h"

using namespace lengthwise;

namespace {

/// The exact reader, off by so much; in every other document by `scatter` more, in the others by as
/// much less.
StoredRuns::Model worse_model(double nats, double scatter = 0) {
  return [=, scored = size_t{0}](std::span<const int64_t> window) mutable {
    std::vector<double> values = ideal_nats(standard_law(), window);
    for (double& value : values) value += nats + (scored++ / 2048 % 2 == 0 ? scatter : -scatter);
    return values;
  };
}

TextComparison compared(const StoredRuns& stored) {
  TextComparison comparison = stored.compare();
  add_token_statistics(comparison);
  return comparison;
}

std::string error_of(const StoredRuns& stored) {
  return user_error_text([&] { compared(stored); });
}

/// A file of values, read, changed and written back.
template <class Change>
void change_values(const fs::path& path, const Change& change) {
  std::vector<float> nats;
  std::vector<int64_t> positions;
  std::map<std::string, std::string> metadata;
  {
    const SafetensorsFile file(path);
    const auto old_nats = file.values<float>("nats");
    const auto old_positions = file.values<int64_t>("positions");
    nats.assign(old_nats.begin(), old_nats.end());
    positions.assign(old_positions.begin(), old_positions.end());
    metadata = file.metadata();
  }
  change(nats, positions, metadata);
  write_safetensors(path,
                    {{"nats", array_view(nats)},
                     {"positions", array_view(std::span<const int64_t>(positions),
                                              {std::ssize(positions) / 2, 2})}},
                    metadata);
}

}  // namespace

TEST_CASE("Differences are paired: a row worse by the same at every token is told from the best",
          "[report]") {
  StoredRuns stored;
  stored.add("best", 1, {64, 128}, worse_model(0.01));
  stored.add("worse", 1, {64, 128}, worse_model(0.02));
  stored.add("uneven", 1, {64, 128}, worse_model(0.011, 0.1));
  const TextComparison comparison = compared(stored);
  CHECK(comparison.blocks == "32 documents");
  for (size_t column = 0; column < 2; ++column) {
    const TextCell& best = comparison.text_cells[0][column];
    const double best_nats = comparison.rows[0].cells[column].mean_nats_per_token();
    const Cell& worse = comparison.rows[1].cells[column];
    const Cell& uneven = comparison.rows[2].cells[column];
    // Each alone is known to some hundredths of a nat, as documents differ.
    CHECK(best.nats_interval->hi - best.nats_interval->lo > 0.02);
    CHECK(best.nats_interval->holds(best_nats));
    CHECK(std::log(best.perplexity_interval->lo) == Approx(best.nats_interval->lo));
    CHECK(worse.behind_best->value == Approx(0.01).margin(1e-6));
    CHECK(worse.behind_best->interval->lo == Approx(0.01).margin(1e-5));
    CHECK(worse.distinguishable_from_best());
    // Standard error 0.1 / sqrt 31.
    CHECK(uneven.behind_best->value == Approx(0.001).margin(1e-6));
    CHECK(uneven.behind_best->interval->hi ==
          Approx(0.001 + 2.04 * 0.1 / std::sqrt(31.0)).epsilon(0.1));
    CHECK_FALSE(uneven.distinguishable_from_best());
  }
  // Every pair at every length.
  CHECK(comparison.differences.size() == 3 * 2);
  const std::string text = terminal_report(comparison);
  CHECK_THAT(text, contains_text("64: uneven") && !contains_text("64: worse"));
  CHECK_THAT(text, contains_text("~"));
}

TEST_CASE("Breakdowns add up to the whole and to what a plain count says", "[report]") {
  StoredRuns stored;
  stored.add("uneven", 1, {64, 2048}, worse_model(0.05, 0.5));
  const TextComparison comparison = compared(stored);
  REQUIRE(comparison.breakdowns.size() == 5);
  for (const Breakdown& breakdown : comparison.breakdowns) {
    for (size_t column = 0; column < 2; ++column) {
      INFO(breakdown.name << " column " << column);
      double nats = 0, gap = 0;
      int64_t tokens = 0;
      REQUIRE(breakdown.rows[0][column].size() == breakdown.bins.size());
      for (const BinMean& bin : breakdown.rows[0][column]) {
        tokens += bin.tokens;
        nats += bin.nats_per_token * static_cast<double>(bin.tokens);
        if (bin.tokens > 0) gap += *bin.gap * static_cast<double>(bin.tokens);
      }
      const Cell& cell = comparison.rows[0].cells[column];
      CHECK(tokens == 65536);
      CHECK(nats / 65536 == Approx(cell.mean_nats_per_token()).epsilon(1e-9));
      CHECK(gap / 65536 == Approx(comparison.text_cells[0][column].gap->all.value).margin(1e-9));
    }
  }
  // 1024 windows of 64 tokens: one prediction each from one token, and 32 from 33 to 64.
  const Breakdown& contexts = comparison.breakdowns[0];
  CHECK(contexts.name == "context");
  CHECK(contexts.tokens[0] ==
        std::vector<int64_t>{1024, 1024, 2048, 4096, 8192, 16384, 32768, 0, 0, 0, 0, 0});
  CHECK(contexts.tokens[1].back() == 32 * 1024);
  CHECK(contexts.bins.back() == "1025-2048");
  // By target: 32 documents of 1024 records; a document's first cue is only read.
  const Breakdown& targets = comparison.breakdowns[4];
  CHECK(targets.tokens[0] == std::vector<int64_t>{32768, 32768});
}

TEST_CASE("Several seeds widen what one leaves out", "[report]") {
  StoredRuns one, three;
  one.add("model", 1, {64}, worse_model(0.10));
  three.add("model", 1, {64}, worse_model(0.05));
  three.add("model", 2, {64}, worse_model(0.10));
  three.add("model", 3, {64}, worse_model(0.15));
  const TextCell narrow = compared(one).text_cells[0][0], wide = compared(three).text_cells[0][0];
  CHECK(narrow.gap->all.interval->hi - narrow.gap->all.interval->lo < 1e-5);
  // Standard error 0.05 / sqrt 3, two degrees of freedom: about 0.1 ± 0.124.
  CHECK(wide.gap->all.value == Approx(0.10).margin(1e-6));
  CHECK(wide.gap->all.interval->hi == Approx(0.10 + 4.3027 * 0.05 / std::sqrt(3.0)).epsilon(0.15));
}

TEST_CASE("Values that cannot be trusted are refused with file and place", "[report]") {
  StoredRuns stored;
  stored.add("good", 1, {64, 128}, exact_model());
  const fs::path run = stored.add("bad", 1, {64, 128}, exact_model());
  const fs::path file = StoredRuns::values_file(run, 128);
  const fs::path tokens = run / split_tokens_file("test");
  CHECK(error_of(stored).empty());
  SECTION("a value that is not finite") {
    change_values(
        file, [](auto& nats, auto&, auto&) { nats[77] = std::numeric_limits<float>::quiet_NaN(); });
    CHECK_THAT(error_of(stored), contains_text("bad-1") && contains_text("L128") &&
                                     contains_text("value 77 is not finite"));
  }
  SECTION("a file that is gone or cut") {
    if (GENERATE(true, false)) {
      fs::remove(file);
    } else {
      fs::resize_file(file, fs::file_size(file) - 4);
    }
    CHECK_THAT(error_of(stored), contains_text("bad-1") && contains_text("L128"));
  }
  SECTION("a file of another run") {
    fs::copy_file(StoredRuns::values_file(run, 64), file, fs::copy_options::overwrite_existing);
    CHECK_THAT(error_of(stored), contains_text("L128") && contains_text("length"));
  }
  SECTION("tokens that are gone") {
    fs::remove(tokens);
    CHECK_THAT(error_of(stored),
               contains_text("test.tokens.safetensors") && contains_text("evaluate again"));
  }
  SECTION("tokens of other data") {
    fs::remove(tokens);
    store_split_tokens(run, {stored.corpus().test, token_counts(stored.corpus().train),
                             std::nullopt, "test", "other", "decade"});
    CHECK_THAT(error_of(stored), contains_text("other data"));
  }
  SECTION("positions that its windows do not score") {
    change_values(file, [](auto& nats, auto& positions, auto&) {
      positions[0] -= 1;  // the first token is only read
      nats[0] += 0;
    });
    CHECK_FALSE(error_of(stored).empty());
  }
}

TEST_CASE("Windows that do not score the stored tokens are noticed", "[report]") {
  StoredRuns stored;
  const fs::path run = stored.add("model", 1, {64}, exact_model());
  change_values(StoredRuns::values_file(run, 64),
                [](auto&, auto&, auto& metadata) { metadata["max_tokens"] = "65000"; });
  CHECK_THAT(error_of(stored), contains_text("planned again"));
}

TEST_CASE("An ideal that its reader does not have is refused", "[report]") {
  StoredRuns stored;
  stored.add("model", 1, {64}, exact_model());
  auto runs = stored.read();
  runs[0].evaluations[0].ideal_nats_per_token = 1.6;
  TextComparison comparison = compare_samples(runs);
  CHECK_THAT(user_error_text([&] { add_token_statistics(comparison); }),
             contains_text("1.64168") && contains_text("says 1.6"));
}

TEST_CASE("The CSV files have a line a pair, a cell, a kind of token", "[report]") {
  StoredRuns stored;
  stored.add("first", 1, {64, 128}, exact_model());
  stored.add("second", 1, {64, 128}, exact_model(16));
  const TextComparison comparison = compared(stored);
  const auto lines = [](const std::string& text) { return std::ranges::count(text, '\n'); };
  CHECK(lines(differences_csv(comparison)) == 1 + 2);
  CHECK(lines(gaps_csv(comparison)) == 1 + 4);
  CHECK_THAT(differences_csv(comparison),
             contains_text("64,second,64,first,64,0.") && contains_text(",yes\n"));
  CHECK_THAT(breakdowns_csv(comparison), contains_text("\ncontext,33-64,second,64,128,") &&
                                             contains_text("\ntarget,order,ideal reader,,64,"));
  CHECK_THAT(markdown_statistics(comparison),
             contains_text("## What is left to the ideal") && contains_text("## Which tokens"));
}
