#include "report/figures/curve.h"

#include "base/error.h"
#include "report/figures/comparison_charts.h"
#include "report/figures/svg_convert.h"
#include "report/figures/svg_line_chart.h"

namespace lengthwise {

void write_curves(const Comparison& comparison, const fs::path& folder) {
  const LineChart chart = perplexity_chart(comparison);
  if (!chart.has_points()) fail("compare: nothing to draw: no run was measured at any length");
  const std::string svg = svg_line_chart(chart, SvgUse::alone);
  const std::string png = svg_to_png(svg), pdf = svg_to_pdf(svg);
  make_folder(folder);
  write_file(folder / "curve.svg", svg);
  write_file(folder / "curve.png", png);
  write_file(folder / "curve.pdf", pdf);
}

}  // namespace lengthwise
