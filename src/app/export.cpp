#include <fmt/format.h>

#include "app/command.h"
#include "base/error.h"
#include "base/plain_text.h"
#include "experiment/export_run.h"

namespace lengthwise {

int run_export(const Words& arguments) {
  Config ignored;
  const Words folders = read_options(ignored, arguments).rest;
  if (folders.size() != 2) {
    fail("export: takes a run and the folder to write, not {} names", folders.size());
  }
  const std::string family = export_run(folders[0], folders[1]);
  fmt::print("exported: {} as {}\n", one_line(folders[1]), family);
  return 0;
}

}  // namespace lengthwise
