#include "report/figures/curve.h"

#include "report/figures/perplexity_chart.h"
#include "report/figures/svg_convert.h"
#include "report/figures/svg_line_chart.h"

namespace lengthwise {

CurveFiles curve_files(const TextComparison& comparison) {
  const LineChart chart = perplexity_chart(comparison);
  CurveFiles curve;
  if (!chart.has_points()) return curve;
  const std::string svg = svg_line_chart(chart);
  curve.files["curve.svg"] = svg;
  try {
    curve.files["curve.png"] = svg_to_png(svg);
    curve.files["curve.pdf"] = svg_to_pdf(svg);
  } catch (const std::exception& error) {
    // The numbers are there, and the same picture: a missing converter costs no more than itself.
    curve.files.erase("curve.png");
    curve.missing = error.what();
  }
  return curve;
}

}  // namespace lengthwise
