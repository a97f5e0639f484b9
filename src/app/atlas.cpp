#include "report/atlas/atlas.h"

#include <fmt/format.h>

#include "app/command.h"
#include "base/error.h"

namespace lengthwise {

int run_atlas(const Words& arguments) {
  if (arguments.empty()) fail("atlas: no results folder is named; `lengthwise compare` writes one");
  Words words{"atlas"};
  words.insert(words.end(), arguments.begin(), arguments.end());
  fmt::print("{}",
             atlas_page(read_atlas({arguments.begin(), arguments.end()}), command_line(words)));
  return 0;
}

}  // namespace lengthwise
