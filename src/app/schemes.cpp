#include <fmt/format.h>

#include <algorithm>

#include "app/command.h"
#include "base/error.h"
#include "position/registry.h"

namespace lengthwise {

int run_schemes(const Words& arguments) {
  if (!arguments.empty()) fail("schemes: takes no argument, not '{}'", arguments[0]);
  const auto row = [](std::string_view name, std::string_view summary, std::string_view learned,
                      std::string_view relative, std::string_view length, std::string_view paper) {
    fmt::print("{:<20} {:<70} {:<8} {:<9} {:<13} {}\n", name, summary, learned, relative, length,
               paper);
  };
  row("scheme", "what it does", "learned", "relative", "length", "paper");
  for (const SchemeEntry& entry : scheme_entries()) {
    row(entry.name, entry.summary, entry.learned ? "yes" : "no", entry.relative ? "yes" : "no",
        entry.length, entry.paper);
  }
  return 0;
}

}  // namespace lengthwise
