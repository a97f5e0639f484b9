#include "checkpoints/llama.h"

#include "checkpoints/llama_block.h"

namespace lengthwise {
namespace {

CheckpointModel read_llama(ConfigReader& config) {
  CheckpointModel read = read_llama_block(config, {11008, 0, 2048});
  // One key for all four projections of attention.
  if (config.truth("attention_bias", false)) read.model.biases = {"query_key_value", "output"};
  if (config.truth("mlp_bias", false)) read.model.biases.emplace_back("feedforward");
  return read;
}

void write_llama(const CheckpointModel& from, nlohmann::ordered_json& config) {
  write_llama_block(from, config);
  config["attention_bias"] = from.model.has_bias("output");
  config["mlp_bias"] = from.model.has_bias("feedforward");
}

}  // namespace

constinit const FamilyEntry kLlama{
    .name = "llama",
    .architecture = "LlamaForCausalLM",
    .paper = "Touvron et al. 2023, 2302.13971",
    .read_config = read_llama,
    .write_config = write_llama,
    .block_prefix = "model.layers.N.",
    .block = kLlamaBlock,
    .outside = kLlamaOutside,
    .without_effect = kLlamaWithoutEffect,
};

}  // namespace lengthwise
