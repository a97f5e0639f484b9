#pragma once

#include <string>

#include "base/files.h"

namespace lengthwise {

/// Writes a trained run as a Hugging Face folder with the same logits: config.json,
/// model.safetensors, and the tokenizer's files of a byte or BPE vocabulary. -> the family's class.
/// UserError, leaving nothing behind, where the folder is there already, the run has no weights or
/// is imported, or no family can express it: what each lacks is named.
std::string export_run(const fs::path& run, const fs::path& folder);

}  // namespace lengthwise
