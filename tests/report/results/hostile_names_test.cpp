#include <nlohmann/json.hpp>

#include "base/plain_text.h"
#include "base/text.h"
#include "report/contains_text.h"
#include "report/kinds/comparison_kind.h"
#include "report/results/results.h"
#include "report/sample_runs.h"
#include "temporary_folder.h"
#include "test.h"

using namespace lengthwise;

namespace {

const std::string kHostile =
    "=evil|`x` <b>[l](http://x) \"q\", & % $ # _ { } ~ ^ \\ '--* \n# head\r\x1B[31m \xFF\u202E é";

/// Everything that carries a name carries this one.
std::vector<RunRecord> hostile_runs() {
  std::vector<RunRecord> runs = {sample_run(kHostile, 1, {{64, 5}, {128, 6}}),
                                 sample_run("alibi", 1, {{64, 5.5}, {128, 5}})};
  for (RunRecord& run : runs) {
    run.folder = "runs/" + kHostile + run.scheme;
    run.version = run.commit = run.libtorch = run.machine = run.started = kHostile;
    run.corpus = kHostile;
    run.options = {{"model.width", run.scheme}, {"data.train", kHostile}};
    EvaluationRecord varied = run.evaluations.back();
    varied.variant = "model.window=" + kHostile;
    run.evaluations.push_back(varied);
  }
  return runs;
}

struct Written {
  TemporaryFolder folder;
  TextComparison comparison;
  std::string left_out;

  Written() {
    const std::vector<RunRecord> runs = hostile_runs();
    comparison = compare_samples(runs);
    comparison.notes = {kHostile};
    comparison.published = {{kHostile, kHostile, 64, {5.1, 5.2}}};
    left_out = write_results(ResultsFolder(folder / "out"), comparison, runs,
                             {kHostile, kHostile, "", kHostile, kHostile, kHostile});
  }
  std::string text(const char* name) const { return read_file(folder / "out" / name); }
};

bool has_control_characters(std::string_view text) {
  return std::ranges::any_of(text, [](char c) {
    return c != '\n' && (static_cast<unsigned char>(c) < ' ' || c == '\x7F');
  });
}

/// How often a character stands in a line without a backslash before it.
size_t count_bare(const std::string& line, char wanted) {
  size_t found = 0;
  for (size_t i = 0; i < line.size(); ++i) {
    if (line[i] == '\\') {
      ++i;
    } else if (line[i] == wanted) {
      ++found;
    }
  }
  return found;
}

/// By RFC 4180.
std::vector<std::vector<std::string>> csv_records(const std::string& text) {
  std::vector<std::vector<std::string>> records{{""}};
  bool quoted = false;
  for (size_t i = 0; i < text.size(); ++i) {
    if (quoted && text[i] == '"' && text[i + 1] == '"') {
      records.back().back() += text[++i];
    } else if (text[i] == '"') {
      quoted = !quoted;
    } else if (!quoted && text[i] == ',') {
      records.back().emplace_back();
    } else if (!quoted && text[i] == '\n') {
      records.push_back({""});
    } else {
      records.back().back() += text[i];
    }
  }
  records.pop_back();
  return records;
}

}  // namespace

TEST_CASE("A hostile name is harmless in Markdown", "[report][names]") {
  const Written written;
  const std::string readme = written.text("README.md");
  CHECK_FALSE(has_control_characters(readme));
  CHECK(readme.starts_with("# =evil\\|\\`x\\` &lt;b>\\[l\\](http"));
  CHECK_THAT(readme, !contains_text("\n# head") && !contains_text("\u202E"));
  for (const std::string& line : split(readme, "\n")) {
    if (line.starts_with("    ")) continue;  // a block of code
    CHECK_THAT(line, !contains_text("<b>") && !contains_text("[l]("));
    if (line.starts_with("| alibi L=64")) CHECK(count_bare(line, '|') == 8);
    if (line.starts_with("| =evil\\|")) CHECK(count_bare(line, '`') == 0);
  }
  CHECK_THAT(readme, contains_text("    " + one_line(kHostile) + "\n"));
}

TEST_CASE("A hostile name is harmless in a terminal", "[report][names]") {
  const AnyComparison comparison = Written().comparison;
  const std::string text = kind_of(comparison)->terminal_text();
  CHECK_FALSE(has_control_characters(text));
  CHECK_THAT(text, contains_text(one_line(kHostile)) && !contains_text("\u202E"));
}

TEST_CASE("A hostile name is a field of every CSV file", "[report][names]") {
  const Written written;
  for (const char* name : {"table.csv", "differences.csv", "breakdowns.csv", "published.csv"}) {
    INFO(name);
    const auto records = csv_records(written.text(name));
    for (const auto& record : records) CHECK(record.size() == records[0].size());
  }
  const auto table = csv_records(written.text("table.csv"));
  CHECK(std::ranges::any_of(
      table, [](const auto& record) { return record[0].starts_with("'" + kHostile); }));
  CHECK(csv_records(written.text("published.csv"))[1][0] == "'" + kHostile);
}

TEST_CASE("A hostile name is harmless in LaTeX", "[report][names]") {
  const std::string tex = Written().text("table.tex");
  CHECK_FALSE(has_control_characters(tex));
  for (const std::string& line : split(tex, "\n")) {
    if (line.starts_with("%")) continue;
    for (const char c : {'%', '#', '_'}) CHECK(count_bare(line, c) == 0);
    if (line.find("=evil") != line.npos) CHECK(count_bare(line, '&') == 4);
  }
  CHECK_THAT(tex, contains_text("=evil\\textbar{}`x` \\textless{}b\\textgreater{}[l](http"));
}

TEST_CASE("A hostile name is text in the page and the figure", "[report][names]") {
  const Written written;
  CHECK(written.left_out.empty());  // the SVG is well-formed: it was converted
  for (const char* name : {"report.html", "curve.svg"}) {
    const std::string text = written.text(name);
    CHECK_FALSE(has_control_characters(text));
    CHECK_THAT(text, !contains_text("<b>") && contains_text("=evil|`x` &lt;b&gt;[l](http"));
  }
}

TEST_CASE("A hostile name is a string of the records", "[report][names]") {
  for (const std::string& line : split(Written().text("records.jsonl"), "\n")) {
    const auto record = nlohmann::json::parse(line);
    CHECK(record["corpus"].get<std::string>().starts_with("=evil|`x` <b>"));
  }
}
