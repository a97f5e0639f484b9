#pragma once

#include <string>

namespace lengthwise {

/// What a number must carry with it to be traced.
struct Provenance {
  std::string version, commit;  // of this program
  std::string libtorch;
  std::string machine;  // processor and cores
};
Provenance provenance();

/// Now, as 2026-11-23T04:00:00Z.
std::string utc_time();

}  // namespace lengthwise
