#pragma once

#include <map>
#include <string>
#include <vector>

#include "report/figures/chart.h"

namespace lengthwise {

/// A line of a figure. Its colour follows `colour_by`, its marker its own name; the line that is
/// named as its colour is comes before those that are not.
struct LineName {
  std::string colour_by;  // "rotary"
  std::string name;       // "rotary", "rotary with model.window=64"
};

/// A look for each name, the same wherever the name is drawn, but where lines of one figure would
/// look alike: then the later name takes another marker and dash, and another colour where the ten
/// of its own are taken. Of up to 80 lines no two share colour and marker, or colour and dash; of
/// up to 800 no two look the same.
std::map<std::string, Look> looks_for(std::vector<LineName> names);

}  // namespace lengthwise
