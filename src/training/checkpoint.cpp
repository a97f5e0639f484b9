#include "training/checkpoint.h"

#include <fmt/ranges.h>

#include <set>

#include "base/error.h"

namespace lengthwise {
namespace {

Dtype dtype_of_tensor(const torch::Tensor& tensor) {
  TORCH_CHECK(tensor.scalar_type() == torch::kFloat32 || tensor.scalar_type() == torch::kFloat64,
              "checkpoints hold float32 and float64, not ", tensor.scalar_type());
  return tensor.scalar_type() == torch::kFloat32 ? Dtype::F32 : Dtype::F64;
}

/// Written for readers; training_hash tells corpora apart.
const std::set<std::string> kAboutTheFile = {"format", "corpus", "corpus_hash"};

}  // namespace

NamedTensors named_parameters(const torch::nn::Module& module) {
  NamedTensors tensors;
  for (const auto& parameter : module.named_parameters()) {
    tensors[parameter.key()] = parameter.value();
  }
  return tensors;
}

void check_identity(const SafetensorsFile& file, const Identity& identity) {
  for (const auto& [name, wanted] : identity.wanted) {
    if (kAboutTheFile.contains(name)) continue;
    const std::string hash = name + ".sha256";
    if (identity.wanted.contains(hash) && file.metadata().contains(hash)) continue;
    auto found = file.metadata().find(name);
    if (found == file.metadata().end()) {
      found = identity.defaults.find(name);
      if (found == identity.defaults.end()) continue;
    }
    if (found->second == wanted) continue;
    fail("{}: is of another run: its {} is {}, here it is {}", file.path().string(), name,
         found->second, wanted);
  }
}

void save_tensors(const fs::path& path, const NamedTensors& tensors, const Metadata& metadata) {
  NamedTensors contiguous;  // owns what the views below look at
  std::map<std::string, ArrayView> arrays;
  for (const auto& [name, tensor] : tensors) {
    const auto& values = contiguous[name] = tensor.detach().cpu().contiguous();
    arrays[name] = {dtype_of_tensor(values),
                    values.sizes().vec(),
                    {static_cast<const std::byte*>(values.const_data_ptr()), values.nbytes()}};
  }
  write_safetensors(path, arrays, metadata);
}

void load_tensors(const SafetensorsFile& file, const NamedTensors& tensors) {
  const torch::NoGradGuard no_grad;
  const std::string path = file.path().string();
  for (const auto& [name, array] : file.arrays()) {
    if (!tensors.contains(name)) fail("{}: is of another model: it holds '{}'", path, name);
  }
  for (const auto& [name, tensor] : tensors) {
    const auto found = file.arrays().find(name);
    if (found == file.arrays().end()) fail("{}: is of another model: it lacks '{}'", path, name);
    const ArrayView& array = found->second;
    if (array.dtype != dtype_of_tensor(tensor) || array.shape != tensor.sizes().vec()) {
      fail("{}: is of another model: '{}' is {} [{}], here it is {} [{}]", path, name,
           name_of(array.dtype), fmt::join(array.shape, ", "), name_of(dtype_of_tensor(tensor)),
           fmt::join(tensor.sizes(), ", "));
    }
    TORCH_CHECK(tensor.is_contiguous(), name, " is loaded into a view");
    // from_blob wants a pointer it could write through; copy_ reads alone.
    auto* bytes = const_cast<std::byte*>(array.bytes.data());
    torch::Tensor(tensor).copy_(torch::from_blob(bytes, tensor.sizes(), tensor.scalar_type()));
  }
}

}  // namespace lengthwise
