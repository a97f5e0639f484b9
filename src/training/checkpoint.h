#pragma once

#include <map>
#include <string>

#include "base/files.h"
#include "base/safetensors.h"
#include "base/torch.h"

namespace lengthwise {

using NamedTensors = std::map<std::string, torch::Tensor>;
using Metadata = std::map<std::string, std::string>;

/// A module's parameters by their full names.
NamedTensors named_parameters(const torch::nn::Module& module);

/// What a file of tensors must say of itself.
struct Identity {
  Metadata wanted;
  /// Of the options that a file may be older than: it had these values' effect.
  Metadata defaults;
};

/// UserError, naming the first key that differs, unless the file's metadata are those wanted. Of a
/// key that the file lacks, the default must be what is wanted; without one nothing is known.
/// What a file held that an option names ("x.sha256") counts, not the file's name ("x").
void check_identity(const SafetensorsFile& file, const Identity& identity);

/// Writes float32 and float64 tensors of any device as a safetensors file, aside and renamed.
void save_tensors(const fs::path& path, const NamedTensors& tensors, const Metadata& metadata);

/// Copies the arrays of a file into tensors of the same names and shapes. UserError where one is
/// missing or has another shape, or where the file holds one nobody asked for: it is another
/// model's.
void load_tensors(const SafetensorsFile& file, const NamedTensors& tensors);

}  // namespace lengthwise
