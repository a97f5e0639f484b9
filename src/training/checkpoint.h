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

/// Writes float32 and float64 tensors as a safetensors file, aside and renamed.
void save_tensors(const fs::path& path, const NamedTensors& tensors, const Metadata& metadata);

/// Copies the arrays of a file into tensors of the same names and shapes. UserError where one is
/// missing or has another shape, or where the file holds one nobody asked for: it is another
/// model's.
void load_tensors(const SafetensorsFile& file, const NamedTensors& tensors);

}  // namespace lengthwise
