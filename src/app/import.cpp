#include <fmt/format.h>

#include "app/command.h"
#include "base/error.h"
#include "base/plain_text.h"
#include "experiment/import_run.h"

namespace lengthwise {

int run_import(const Words& arguments) {
  Config config;
  config.data.corpus = "text";
  const Words folders = read_options(config, arguments).rest;
  if (folders.size() != 1) {
    fail("import: takes one folder of a checkpoint, not {}", folders.size());
  }
  const fs::path run = import_run(folders.front(), config);
  fmt::print("imported: {}; measure it with {}\n", one_line(run.string()),
             command_line({"evaluate", run.string(), "--data.test", "TEXT"}));
  return 0;
}

}  // namespace lengthwise
