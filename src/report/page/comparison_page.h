#pragma once

#include <string>
#include <vector>

#include "report/kinds/comparison_kind.h"
#include "report/page/page.h"

namespace lengthwise {

/// What stands on a comparison's page beside what the runs say of themselves.
struct PageHeader {
  std::string title;    // the question
  std::string command;  // that makes the page
  std::string written;  // when, ISO 8601, UTC
  std::string program;  // "lengthwise 0.1.0 (commit 20b173775cde)": what wrote it
};

/// The page of a comparison: curves and table; training; speed and memory; the options that differ
/// between runs; how it was made. Training logs and options are read from the run folders; what a
/// folder lacks is left out.
Page comparison_page(const AnyComparison& comparison, const std::vector<RunRecord>& runs,
                     const PageHeader& header);

}  // namespace lengthwise
