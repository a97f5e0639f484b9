#include "report/tables/table.h"

#include "base/error.h"
#include "base/text.h"
#include "report/contains_text.h"
#include "report/sample_runs.h"
#include "test.h"

using namespace lengthwise;

namespace {

std::string error_of(const std::vector<RunRecord>& runs, const MeasurementChoice& wanted = {}) {
  try {
    compare_texts(runs, {wanted, {}, {}, {}});
  } catch (const UserError& error) {
    return error.what();
  }
  return "no error";
}

std::vector<std::string> lines_of(const std::string& text) {
  return split(text, "\n");
}

/// The cells of a line of a Markdown table, without their padding.
std::vector<std::string> markdown_cells(const std::string& line) {
  std::vector<std::string> cells;
  for (const std::string& piece : split(line, "|")) cells.emplace_back(trim(piece));
  return cells;
}

size_t code_points(const std::string& text) {
  size_t count = 0;
  for (const char c : text) count += (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  return count;
}

/// Pieces between single commas, empty ones too.
std::vector<std::string> csv_fields(const std::string& line) {
  std::vector<std::string> fields{""};
  for (const char c : line) {
    if (c == ',')
      fields.emplace_back();
    else
      fields.back() += c;
  }
  return fields;
}

std::vector<RunRecord> three_schemes() {
  RunRecord learned = sample_run("learned", 1, {{64, 5.3}});
  add_beyond_limit(learned, 128, 64);
  add_beyond_limit(learned, 256, 64);
  return {sample_run("alibi", 1, {{64, 4}, {128, 3.5}}),
          sample_run("alibi", 2, {{64, 5}, {128, 4.5}}),
          sample_run("alibi", 3, {{64, 6}, {128, 5.5}}), learned,
          sample_run("none", 1, {{64, 4.9996}, {128, 61.237}, {256, 12345.6}})};
}

}  // namespace

TEST_CASE("Seeds become a mean of perplexities and their sample standard deviation", "[report]") {
  const TextComparison comparison = compare_samples(three_schemes());
  REQUIRE(comparison.rows.size() == 3);
  const Row& alibi = comparison.rows[2];
  CHECK(alibi.seeds == 3);
  // 4, 5, 6: mean 5, squared differences 1 + 0 + 1 over n - 1 = 2.
  CHECK(alibi.cells[0].mean_perplexity() == Approx(5).epsilon(1e-12));
  CHECK(*alibi.cells[0].perplexity_deviation() == Approx(1).epsilon(1e-12));
  CHECK(alibi.cells[0].mean_nats_per_token() == Approx(std::log(120.0) / 3).epsilon(1e-12));
  CHECK(alibi.cells[0].least_perplexity() == Approx(4).epsilon(1e-12));
  CHECK(alibi.cells[0].greatest_perplexity() == Approx(6).epsilon(1e-12));
  CHECK_FALSE(comparison.rows[0].cells[0].perplexity_deviation().has_value());
}

TEST_CASE("Rows follow the registry, then the train length; columns the lengths", "[report]") {
  auto runs = three_schemes();
  RunRecord longer = sample_run("alibi", 1, {{512, 4}, {64, 4}});
  longer.train_length = 512;
  longer.folder = "runs/alibi-512";
  runs.insert(runs.begin(), longer);
  const TextComparison comparison = compare_samples(runs);
  CHECK(comparison.eval_lengths == std::vector<int64_t>{64, 128, 256, 512});
  std::vector<std::string> order;
  for (const Row& row : comparison.rows) {
    order.push_back(row.scheme + std::to_string(row.train_length));
  }
  CHECK(order == std::vector<std::string>{"none64", "learned64", "alibi64", "alibi512"});
}

TEST_CASE("The Markdown table has a number, a dash or a blank in each cell", "[report]") {
  const auto lines = lines_of(markdown_table(compare_samples(three_schemes())));
  REQUIRE(lines.size() >= 6);
  CHECK(markdown_cells(lines[1]) ==
        std::vector<std::string>{"scheme", "train_length", "seeds", "64", "128", "256"});
  // 4.9996 and the mean 5 both print as 5.000: neither is better than what is printed.
  CHECK(markdown_cells(lines[3]) ==
        std::vector<std::string>{"none", "64", "1", "**5.000**", "61.24", "12346"});
  CHECK(markdown_cells(lines[4]) ==
        std::vector<std::string>{"learned", "64", "1", "5.300", "–", "–"});
  CHECK(markdown_cells(lines[5]) ==
        std::vector<std::string>{"alibi", "64", "3", "**5.000 ± 1.000**", "**4.500 ± 1.000**", ""});
  for (size_t i = 1; i <= 5; ++i) CHECK(code_points(lines[i]) == code_points(lines[1]));
}

TEST_CASE("The terminal table keeps its columns in line", "[report]") {
  const auto lines = lines_of(terminal_table(compare_samples(three_schemes())));
  REQUIRE(lines.size() >= 6);
  CHECK_THAT(lines[5], contains_text("5.000 ± 1.000*") && contains_text("4.500 ± 1.000*"));
  // A cell is as long as its line up to its last character: the second column ends are compared.
  const auto end_of = [](const std::string& line, const std::string& cell) {
    return code_points(line.substr(0, line.find(cell) + cell.size()));
  };
  CHECK(end_of(lines[1], " 64") == end_of(lines[5], "5.000 ± 1.000"));
  CHECK(end_of(lines[1], " 64") == end_of(lines[4], "5.300"));
  CHECK(end_of(lines[1], "128") == end_of(lines[3], "61.24"));
  CHECK(end_of(lines[1], "128") == end_of(lines[4], "–"));
  CHECK(end_of(lines[1], "256") == end_of(lines[3], "12346"));
}

TEST_CASE("Every table says what was measured", "[report]") {
  const TextComparison comparison = compare_samples(three_schemes());
  for (const std::string& text : {terminal_table(comparison), markdown_table(comparison)}) {
    const std::string title = lines_of(text)[0];
    CHECK_THAT(title, contains_text("perplexity on ideal_reader") && contains_text("test split") &&
                          contains_text("non_overlapping") &&
                          contains_text("stride = eval_length") && contains_text("65,536 tokens"));
    CHECK_THAT(text, contains_text("sample standard deviation") &&
                         contains_text("lowest of its column") &&
                         contains_text("–: beyond the scheme's limit"));
  }
}

TEST_CASE("Beside the perplexities stand the mean training speed and the largest memory",
          "[report]") {
  auto runs = three_schemes();
  CHECK_THAT(markdown_table(compare_samples(runs)), !contains_text("train tokens/s"));
  for (RunRecord& run : runs) {
    if (run.scheme != "alibi") continue;
    run.train_tokens_per_second = 1000.0 * static_cast<double>(run.seed);
    run.train_peak_memory_mib = 200 - static_cast<double>(run.seed);
  }
  const std::string text = markdown_table(compare_samples(runs));
  const auto lines = lines_of(text);
  CHECK(markdown_cells(lines[1]) == std::vector<std::string>{"scheme", "train_length", "seeds",
                                                             "train tokens/s", "train MiB", "64",
                                                             "128", "256"});
  const auto alibi = markdown_cells(lines[5]);
  CHECK(alibi[3] == "2,000");
  CHECK(alibi[4] == "199");
  CHECK(markdown_cells(lines[3])[3].empty());  // not known of this one
  CHECK_THAT(text, contains_text("the mean over runs and the largest peak memory"));
  CHECK_THAT(csv_table(compare_samples(runs)), contains_text(",2000,199\n"));
  runs[2].train_tokens_per_second.reset();
  CHECK_THAT(markdown_table(compare_samples(runs)), !contains_text("train tokens/s"));
}

TEST_CASE("Two runs of one seed are refused, measured alike or not", "[report]") {
  const RunRecord one = sample_run("alibi", 1, {{64, 5}});
  RunRecord other = one;
  other.folder = "runs/again";
  for (EvaluationRecord& record : other.evaluations) record.variant = "model.window=8";
  CHECK_THAT(error_of({one, other}), contains_text("both seed 1"));
}

TEST_CASE("A row alone, or all that are alike, are not the best of anything", "[report]") {
  const TextComparison comparison = compare_samples({sample_run("alibi", 1, {{64, 5}})});
  CHECK_FALSE(comparison.rows[0].cells[0].best);
  CHECK_THAT(terminal_table(comparison), !contains_text("*"));
  CHECK_THAT(terminal_table(compare_samples(
                 {sample_run("alibi", 1, {{64, 5}}), sample_run("none", 1, {{64, 5}})})),
             !contains_text("*"));
}

TEST_CASE("The ideal reader has a row of its own and is never marked", "[report]") {
  auto runs = three_schemes();
  for (RunRecord& run : runs) {
    for (EvaluationRecord& record : run.evaluations) {
      if (record.length == 128 && !record.beyond_max_length) {
        record.ideal_nats_per_token = 1.563363;  // e^1.563363 = 4.7748...
      }
    }
  }
  const auto lines = lines_of(markdown_table(compare_samples(runs)));
  CHECK(markdown_cells(lines[6]) ==
        std::vector<std::string>{"ideal reader", "", "", "", "4.775", ""});
  CHECK_THAT(lines[5], contains_text("**4.500"));

  runs[0].evaluations[1].ideal_nats_per_token = 1.5634;
  CHECK_THAT(error_of(runs), contains_text("ideal reader") && contains_text("runs/alibi-seed"));
}

TEST_CASE("Intervals, ties with the best, bits per byte and words stand in the table", "[report]") {
  TextComparison comparison =
      compare_samples({sample_run("none", 1, {{64, 5.25}}), sample_run("rotary", 1, {{64, 5.5}}),
                       sample_run("alibi", 1, {{64, 4}})});
  comparison.blocks = "32 documents";
  comparison.bytes = 65536 / 2;
  comparison.words = 65536 / 4;
  comparison.text_cells[0][0].perplexity_interval = {5.24, 5.27};
  comparison.rows[0].cells[0].behind_best = Estimate{0.27, Interval{-0.01, 0.5}};
  comparison.text_cells[1][0].perplexity_interval = {5.45, 5.52};
  comparison.rows[1].cells[0].behind_best = Estimate{0.32, Interval{0.3, 0.34}};
  comparison.text_cells[2][0].perplexity_interval = {3.99, 4.01};
  const std::string text = markdown_table(comparison);
  const auto lines = lines_of(text);
  CHECK(markdown_cells(lines[3])[3] == "5.250 [5.240, 5.270]~");
  CHECK(markdown_cells(lines[4])[3] == "5.500 [5.450, 5.520]");
  CHECK(markdown_cells(lines[5])[3] == "**4.000 ± 0.010**");
  CHECK_THAT(text, contains_text("95 % interval by resampling 32 documents") &&
                       contains_text("[ ]: the bounds of that interval") &&
                       contains_text("~: not distinguishable from the lowest"));
  CHECK_THAT(terminal_table(comparison), contains_text("5.250 [5.240, 5.270]~"));
  const std::vector<std::string> csv = csv_fields(lines_of(csv_table(comparison))[3]);
  // ln 4 nats are 2 bits: 2 tokens a byte, 4 tokens a word.
  CHECK(csv[0] == "alibi");
  CHECK(*parse_real(csv[19]) == 3.99);
  CHECK(*parse_real(csv[20]) == 4.01);
  CHECK(*parse_real(csv[23]) == Approx(4).epsilon(1e-12));
  CHECK(*parse_real(csv[24]) == Approx(256).epsilon(1e-9));
  CHECK(csv_fields(lines_of(csv_table(comparison))[1])[14] == "not distinguishable");
}

TEST_CASE("Bits per byte pay for what unknown words spell, or are not given", "[report]") {
  TextComparison comparison = compare_texts({sample_run("none", 1, {{64, 4}})});
  comparison.bytes = comparison.tokens;
  const Cell& cell = comparison.rows[0].cells[0];
  CHECK(comparison.bits_per_byte(cell).value() == Approx(2));
  comparison.unknown_tokens = 7;
  comparison.spelling_nats = std::log(2.0) * static_cast<double>(comparison.bytes);
  CHECK(comparison.bits_per_byte(cell).value() == Approx(3));
  comparison.unknown_tokens.reset();
  CHECK_FALSE(comparison.bits_per_byte(cell));
}

TEST_CASE("The CSV table has a line a cell with full precision", "[report]") {
  const auto lines = lines_of(csv_table(compare_samples(three_schemes())));
  const std::vector<std::string> names = csv_fields(lines[0]);
  REQUIRE(names == csv_fields("scheme,train_length,eval_length,split,protocol,stride,seeds,"
                              "perplexity,perplexity_std,nats_per_token,tokens,"
                              "ideal_nats_per_token,tokens_per_second,peak_memory_mib,best,"
                              "beyond_max_length,corpus,documents,first_token,"
                              "perplexity_lo,perplexity_hi,nats_per_token_lo,nats_per_token_hi,"
                              "bits_per_byte,perplexity_per_word,"
                              "train_tokens_per_second,train_peak_memory_mib"));
  REQUIRE(lines.size() == 1 + 3 + 3 + 2);  // alibi at 256 is blank
  for (const std::string& line : lines) CHECK(csv_fields(line).size() == names.size());
  const std::vector<std::string> alibi = csv_fields(lines[7]);
  CHECK(alibi[0] == "alibi");
  CHECK(alibi[2] == "64");
  CHECK(alibi[5] == "64");
  CHECK(alibi[6] == "3");
  CHECK(*parse_real(alibi[7]) == Approx(5).epsilon(1e-12));
  CHECK(*parse_real(alibi[8]) == Approx(1).epsilon(1e-12));
  CHECK(*parse_real(alibi[9]) == Approx(std::log(120.0) / 3).epsilon(1e-12));
  CHECK(alibi[10] == "65536");
  CHECK(*parse_real(alibi[12]) == Approx(1000));
  CHECK(*parse_real(alibi[13]) == 250);
  CHECK(alibi[14] == "best");
  const std::vector<std::string> learned = csv_fields(lines[5]);
  CHECK(learned[0] == "learned");
  CHECK(learned[6] == "0");
  CHECK(learned[7].empty());
  CHECK(learned[15] == "64");
}

TEST_CASE("Runs that do not compare are refused with both names", "[report]") {
  auto runs = three_schemes();
  SECTION("another number of tokens") {
    runs[1].evaluations[1].tokens = 1000;
    CHECK_THAT(error_of(runs), contains_text("runs/alibi-seed2 at length 128 scored 1000"));
  }
  SECTION("other tokens of the same number") {
    runs[1].evaluations[1].scored_positions = "others";
    CHECK_THAT(error_of(runs), contains_text("runs/alibi-seed2") && contains_text("not the same"));
  }
  SECTION("one seed twice") {
    runs[1].seed = 1;
    CHECK_THAT(error_of(runs), contains_text("runs/alibi-seed1") &&
                                   contains_text("runs/alibi-seed2") &&
                                   contains_text("both seed 1"));
  }
  SECTION("seeds trained for different numbers of steps") {
    runs[1].steps = 600;
    CHECK_THAT(error_of(runs), contains_text("steps (1200 and 600)"));
  }
  SECTION("seeds of different models") {
    runs[1].parameters = 1;
    CHECK_THAT(error_of(runs), contains_text("parameters (80384 and 1)"));
  }
  SECTION("a run without evaluation") {
    runs[1].evaluations.clear();
    CHECK_THAT(error_of(runs),
               contains_text("runs/alibi-seed2/evaluation.jsonl: no evaluation yet"));
  }
  SECTION("no run") {
    CHECK(error_of({}) == "compare: no run folder was given");
  }
}

TEST_CASE("Unfinished training and missing seeds are said under the table", "[report]") {
  auto runs = three_schemes();
  runs[0].finished = std::nullopt;
  runs[1].evaluations.pop_back();
  const std::string text = terminal_table(compare_samples(runs));
  CHECK_THAT(text, contains_text("runs/alibi-seed1: its training is not finished"));
  CHECK_THAT(text,
             contains_text("alibi at train_length 64, eval_length 128: measured for 2 of 3 seeds"));
}

TEST_CASE("Perplexities print with four significant digits", "[report]") {
  CHECK(format_perplexity(4.99) == "4.990");
  CHECK(format_perplexity(18.666) == "18.67");
  CHECK(format_perplexity(782.24) == "782.2");
  CHECK(format_perplexity(34512.6) == "34513");
  CHECK(format_perplexity(2.5e8) == "2.500e+08");
  CHECK(format_perplexity(std::exp(1000.0)) == "inf");
  CHECK(format_count(999) == "999");
  CHECK(format_count(65536) == "65,536");
  CHECK(format_count(2088628) == "2,088,628");
}
