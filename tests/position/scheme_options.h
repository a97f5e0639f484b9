#pragma once

#include <string>

#include "base/files.h"
#include "position/options.h"
#include "position/registry.h"
#include "temporary_folder.h"

namespace lengthwise {

/// Options with which any scheme of the table stands in a model of this shape: the defaults, and a
/// file of factors, the one option that has none.
inline PositionOptions options_of(const SchemeEntry& entry, const ModelShape& shape) {
  static const TemporaryFolder folder;
  const int64_t pairs = shape.head_width() / 2;
  const fs::path factors = folder / ("factors-" + std::to_string(pairs));
  std::string short_list = "short_factor", long_list = "long_factor";
  for (int64_t i = 0; i < pairs; ++i) {
    short_list += " 1";
    long_list += " " + std::to_string(1 << i);
  }
  write_file(factors, short_list + "\n" + long_list + "\n");
  PositionOptions options;
  options.scheme = entry.name;
  options.rotary_longrope.factors = factors.string();
  options.validate(shape);
  return options;
}

}  // namespace lengthwise
