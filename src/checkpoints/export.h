#pragma once

#include <string>

#include "base/safetensors.h"
#include "checkpoints/family.h"

namespace lengthwise {

/// A model as a family's files would say it.
struct ExportedConfig {
  const FamilyEntry* family;
  std::string config_json;
};

/// The first family whose own class, as transformers has it, computes what these options do: its
/// config is written, read back, and must give the same options. UserError names, for each family,
/// the first option that it cannot express.
ExportedConfig exported_config(const CheckpointModel& model);

/// Writes a checkpoint's tensors under the family's names and in its order of rows.
/// `embedding_factor` multiplies the embeddings.
void write_exported_weights(const fs::path& path, const FamilyEntry& family,
                            const ModelOptions& model, const SafetensorsFile& checkpoint,
                            double embedding_factor);

}  // namespace lengthwise
