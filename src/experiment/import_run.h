#pragma once

#include "experiment/config.h"

namespace lengthwise {

/// Makes a run of a Hugging Face folder, of which `config` says where it goes and, if it likes, on
/// which text it is measured: reads config.json, checks every tensor, and writes
/// config.ini, run.json, the tokenizer and imported.json into `config.run_folder()`, which must not
/// be there yet. UserError leaves nothing behind. -> the run folder.
fs::path import_run(const fs::path& checkpoint, const Config& config);

}  // namespace lengthwise
