#include "report/tables/latex_table.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <vector>

#include "base/plain_text.h"
#include "report/tables/table.h"

namespace lengthwise {
namespace {

struct Replacement {
  std::string_view text, latex;
};
constexpr Replacement kReplacements[] = {
    {"\\", "\\textbackslash{}"},
    {"{", "\\{"},
    {"}", "\\}"},
    {"&", "\\&"},
    {"%", "\\%"},
    {"$", "\\$"},
    {"#", "\\#"},
    {"_", "\\_"},
    {"~", "\\textasciitilde{}"},
    {"^", "\\textasciicircum{}"},
    {"<", "\\textless{}"},
    {">", "\\textgreater{}"},
    {"|", "\\textbar{}"},
    {"\"", "\\textquotedbl{}"},
    {" ± ", " $\\pm$ "},
    {"±", "$\\pm$"},
    {"–", "--"},
    {"−", "$-$"},
    {"≈", "$\\approx$"},
    {"…", "\\ldots{}"},
    // What type would join to another character.
    {"--", "-{}-{}"},
    {"``", "`{}`"},
    {"''", "'{}'"},
    {"?`", "?{}`"},
    {"!`", "!{}`"},
};

std::string line_of(const std::vector<TableCell>& row) {
  std::vector<std::string> cells;
  for (const TableCell& cell : row) {
    const std::string text = latex_text(cell.text);
    cells.push_back(cell.best ? fmt::format("\\textbf{{{}}}", text) : text);
  }
  // After the \\ of the row before, [ and * would be its options.
  const bool option = cells[0].starts_with('[') || cells[0].starts_with('*');
  return fmt::format("{}{} \\\\\n", option ? "{}" : "", fmt::join(cells, " & "));
}

std::string comment(const std::string& line) {
  return "% " + one_line(line) + "\n";
}

}  // namespace

std::string latex_text(std::string_view any) {
  const std::string line = one_line(any);
  std::string_view text = line;
  std::string latex;
  while (!text.empty()) {
    const Replacement* found = nullptr;
    for (const Replacement& each : kReplacements) {
      if (found == nullptr && text.starts_with(each.text)) found = &each;
    }
    if (found != nullptr) {
      latex += found->latex;
      text.remove_prefix(found->text.size());
    } else {
      latex += text.front();
      text.remove_prefix(1);
    }
  }
  return latex;
}

std::string latex_table(const TextComparison& comparison) {
  const auto cells = table_cells(comparison);
  const size_t lengths = comparison.eval_lengths.size();
  const size_t before = cells[0].size() - lengths;  // columns that say what a row is
  std::string text = comment(title_line(comparison));
  for (const std::string& line : table_explanations(comparison, "Bold")) text += comment(line);
  for (const std::string& note : comparison.notes) text += comment("Note: " + note);
  text += comment("In the preamble: \\usepackage{booktabs}");
  text +=
      fmt::format("\\begin{{tabular}}{{l{}}}\n\\toprule\n", std::string(cells[0].size() - 1, 'r'));
  for (size_t i = 0; i < before; ++i) text += "& ";
  text += fmt::format("\\multicolumn{{{}}}{{c}}{{evaluation length}} \\\\\n", lengths);
  text += fmt::format("\\cmidrule(lr){{{}-{}}}\n", before + 1, cells[0].size());
  for (size_t i = 0; i < cells.size(); ++i) {
    const bool ideal = comparison.has_ideal() && i + 1 == cells.size();
    if (i == 1 || ideal) text += "\\midrule\n";
    text += line_of(cells[i]);
  }
  return text + "\\bottomrule\n\\end{tabular}\n";
}

}  // namespace lengthwise
