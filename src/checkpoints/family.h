#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "checkpoints/config_reader.h"
#include "model/options.h"
#include "position/options.h"

namespace lengthwise {

/// How the rows of a checkpoint's fused query, key and value projection are ordered.
enum class RowOrder {
  parts,  // all queries, all keys, all values, as here
  heads,  // head by head, and within a head query, key, value: BLOOM
};

/// A parameter here, and the tensors it is made of, one below the other: a layer's after the
/// prefixes of a block.
struct TensorRow {
  std::string_view ours;
  std::array<std::string_view, 3> theirs;
  RowOrder order = RowOrder::parts;
};

/// What a config.json describes, in this program's options.
struct CheckpointModel {
  ModelOptions model;
  PositionOptions position;
  int64_t vocabulary_size = 0;
  /// LongRoPE's two lists; empty where the model has none. They go into a file that
  /// position.rotary_longrope.factors names.
  std::vector<double> short_factors, long_factors;
};

/// All that the program knows of a family of checkpoints. Its own file defines it, and family.cpp
/// lists it.
struct FamilyEntry {
  std::string_view name;          // "bloom", also config.json's model_type
  std::string_view architecture;  // in config.json's architectures: "BloomForCausalLM"
  std::string_view paper;
  /// Reads every key; UserError names the first that is not implemented.
  CheckpointModel (*read_config)(ConfigReader& config);
  /// Adds the keys that transformers' own class reads for such a model. What has no key is left
  /// out: reading the config back tells.
  void (*write_config)(const CheckpointModel& model, nlohmann::ordered_json& config);
  std::string_view block_prefix;     // of a layer's tensors, N the layer: "h.N."
  std::string_view optional_prefix;  // that names may have or lack: "transformer."
  std::span<const TensorRow> block, outside;
  /// Ends of names of tensors that hold nothing to load.
  std::span<const std::string_view> without_effect = {};
};

std::span<const std::reference_wrapper<const FamilyEntry>> families();

/// The family of a config. UserError where it is none of these.
const FamilyEntry& family_of(ConfigReader& config);
const FamilyEntry& family_named(std::string_view name);

/// What the names of a family's tensors are for a model of so many layers: a row for each parameter
/// the family can have, the layer's number in its names.
struct NamedTensor {
  std::string ours;
  std::vector<std::string> theirs;
  RowOrder order;
};
std::vector<NamedTensor> tensors_of(const FamilyEntry& family, int64_t layers);

}  // namespace lengthwise
