#pragma once

#include <map>
#include <string>

#include "report/comparison/text_comparison.h"

namespace lengthwise {

/// The figure of perplexity_chart.h as files by name: curve.svg, and curve.png and curve.pdf made
/// from it. None where nothing was measured.
struct CurveFiles {
  std::map<std::string, std::string> files;
  std::string missing;  // why the PNG and the PDF are not among them; empty where they are
};
CurveFiles curve_files(const TextComparison& comparison);

}  // namespace lengthwise
