#pragma once

#include <fmt/ranges.h>

#include <set>
#include <string>
#include <vector>

#include "report/records/records.h"

namespace lengthwise {

/// The distinct values of a field over the runs: one, where all is as it should be.
template <class Field>
std::string distinct_values(const std::vector<RunRecord>& runs, Field field) {
  std::set<std::string> values;
  for (const RunRecord& run : runs) values.insert(fmt::format("{}", field(run)));
  return fmt::format("{}", fmt::join(values, "; "));
}

}  // namespace lengthwise
