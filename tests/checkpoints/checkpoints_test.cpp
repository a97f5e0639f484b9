#include <algorithm>
#include <string>
#include <vector>

#include "base/files.h"
#include "base/safetensors.h"
#include "checkpoints/attach.h"
#include "checkpoints/config_reader.h"
#include "checkpoints/family.h"
#include "checkpoints/shards.h"
#include "model/plain_weights.h"
#include "model/transformer.h"
#include "position/rotary_scaling.h"
#include "temporary_folder.h"
#include "tensor_check.h"
#include "test.h"
#include "user_error_text.h"

// Tiny checkpoints of every family, with the logits of the families' own classes:
// make_checkpoints.py.

namespace lengthwise {
namespace {

const fs::path kCheckpoints = fs::path(LENGTHWISE_SOURCE) / "tests/checkpoints";

std::vector<std::string> names() {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(kCheckpoints)) {
    if (fs::exists(entry.path() / "expected.safetensors")) {
      names.push_back(entry.path().filename().string());
    }
  }
  std::ranges::sort(names);
  REQUIRE(names.size() >= 20);
  return names;
}

/// "llama-linear" has the weights of "llama".
fs::path weights_of(const std::string& name) {
  return kCheckpoints / name.substr(0, name.find('-'));
}

Shards shards_of(const std::string& name) {
  const fs::path own = kCheckpoints / name;
  const bool has_own =
      fs::exists(own / "model.safetensors") || fs::exists(own / "model.safetensors.index.json");
  return Shards::open(has_own ? own : weights_of(name));
}

CheckpointModel read_model(const fs::path& config_file) {
  ConfigReader config = ConfigReader::open(config_file);
  ignore_common_keys(config);
  CheckpointModel read = family_of(config).read_config(config);
  config.refuse_unread();
  return read;
}

const FamilyEntry& family_in(const fs::path& config_file) {
  ConfigReader config = ConfigReader::open(config_file);
  return family_of(config);
}

Transformer load(const std::string& name, const TemporaryFolder& folder) {
  const fs::path config = kCheckpoints / name / "config.json";
  CheckpointModel read = read_model(config);
  if (!read.short_factors.empty()) {
    // LongRoPE's file may be any that holds the two lists; a config.json does.
    fs::copy_file(config, folder / "factors.json");
    read.position.group<RotaryLongropeOptions>().factors = (folder / "factors.json").string();
  }
  read.model.validate();
  read.position.validate(read.model.shape());
  Transformer model = make_transformer(read.model, read.position, read.vocabulary_size);
  attach_weights(model, family_in(config), shards_of(name));
  model->eval();
  return model;
}

torch::Tensor tensor_in(const SafetensorsFile& file, const std::string& name) {
  const ArrayView& array = file.arrays().at(name);
  auto* bytes = const_cast<std::byte*>(array.bytes.data());
  return torch::from_blob(bytes, array.shape,
                          array.dtype == Dtype::I64 ? torch::kInt64 : torch::kFloat32);
}

std::vector<int64_t> lengths_in(const SafetensorsFile& file) {
  std::vector<int64_t> lengths;
  for (const auto& [name, array] : file.arrays()) {
    if (name.starts_with("tokens_")) lengths.push_back(array.shape[0]);
  }
  return lengths;
}

}  // namespace

TEST_CASE("Every logit of a tiny checkpoint is its own class's, at and beyond its length",
          "[checkpoints]") {
  for (const std::string& name : names()) {
    const TemporaryFolder folder;
    Transformer model = load(name, folder);
    const SafetensorsFile expected(kCheckpoints / name / "expected.safetensors");
    for (const int64_t length : lengths_in(expected)) {
      CAPTURE(name, length);
      const torch::NoGradGuard no_grad;
      const auto tokens = tensor_in(expected, "tokens_" + std::to_string(length));
      const auto logits = torch::matmul(model->forward(tokens.unsqueeze(0))[0],
                                        head_weight(model).to(torch::kFloat32).t());
      CHECK(largest_difference(logits, tensor_in(expected, "logits_" + std::to_string(length))) <
            1e-4);
    }
  }
}

TEST_CASE("The last places alone are those of the whole window", "[checkpoints]") {
  for (const std::string name : {"bloom_post", "mpt_grouped", "llama_biased", "mistral"}) {
    CAPTURE(name);
    const TemporaryFolder folder;
    const torch::NoGradGuard no_grad;
    Transformer model = load(name, folder);
    const auto tokens = torch::arange(20).unsqueeze(0);
    CHECK(largest_difference(model->forward_last(tokens, 3), model->forward(tokens).slice(1, 17)) <
          1e-5);
  }
}

TEST_CASE("Matrices of a checkpoint stay in its file and its type", "[checkpoints]") {
  const TemporaryFolder folder;
  Transformer model = load("llama_bf16", folder);
  CHECK(embedding_weight(model).scalar_type() == torch::kBFloat16);
  int64_t held = 0;
  for (const auto& buffer : model->named_buffers()) {
    if (buffer.key().find("piece") == std::string::npos) continue;
    CHECK(buffer.value().scalar_type() == torch::kBFloat16);
    ++held;
  }
  CHECK(held == 2 * 7);  // q, k, v, o, gate, up and down of two layers
  for (const auto& parameter : model->named_parameters()) {
    CAPTURE(parameter.key());
    if (parameter.value().dim() == 1) CHECK(parameter.value().scalar_type() == torch::kFloat32);
    if (parameter.key().ends_with("output.weight")) CHECK(parameter.value().numel() == 0);
  }
}

}  // namespace lengthwise
