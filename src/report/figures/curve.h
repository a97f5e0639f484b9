#pragma once

#include "base/files.h"
#include "report/comparison/comparison.h"

namespace lengthwise {

/// The figure of comparison_charts.h as files of its own: curve.svg, and curve.png and curve.pdf
/// made from it (errors: svg_convert.h). UserError where nothing was measured; nothing is written
/// then.
void write_curves(const Comparison& comparison, const fs::path& folder);

}  // namespace lengthwise
