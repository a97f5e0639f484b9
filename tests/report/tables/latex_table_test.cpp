#include "report/tables/latex_table.h"

#include "report/contains_text.h"
#include "report/failing_and_holding.h"
#include "test.h"

using namespace lengthwise;

TEST_CASE("The LaTeX table has the rules of booktabs and a column a length", "[report][table]") {
  const std::string table = latex_table(compare_samples(failing_and_holding(/*ideal=*/true)));
  CHECK_THAT(table, contains_text("\\begin{tabular}{lrrrrrr}\n\\toprule\n"
                                  "& & & \\multicolumn{4}{c}{evaluation length} \\\\\n"
                                  "\\cmidrule(lr){4-7}\n"
                                  "scheme & train\\_length & seeds & 64 & 128 & 256 & 512 \\\\\n"
                                  "\\midrule\n"));
  CHECK_THAT(table, contains_text("learned & 64 & 1 & 5.300 & -- & -- & -- \\\\\n"));
  CHECK_THAT(table, contains_text("\\textbf{4.950 $\\pm$ 0.071}"));
  CHECK_THAT(table, contains_text("\\midrule\nideal reader &  &  & "));
  CHECK_THAT(table, contains_text("\\bottomrule\n\\end{tabular}\n"));
}

TEST_CASE("Every character of a label is LaTeX's own business", "[report][table]") {
  CHECK(latex_text("a_b & 5% of $x^2 {#} ~ \\ < > |") ==
        "a\\_b \\& 5\\% of \\$x\\textasciicircum{}2 \\{\\#\\} \\textasciitilde{} "
        "\\textbackslash{} \\textless{} \\textgreater{} \\textbar{}");
  CHECK(latex_text("é ± –") == "é $\\pm$ --");
  auto runs = failing_and_holding(/*ideal=*/false);
  for (RunRecord& run : runs) run.corpus = "two\nlines";
  CHECK_THAT(latex_table(compare_samples(runs)), contains_text("on two lines:"));
}
