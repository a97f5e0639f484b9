#include "checkpoints/mistral.h"

#include "checkpoints/llama_block.h"

namespace lengthwise {
namespace {

constexpr int64_t kWindowWithoutKey = 4096;

CheckpointModel read_mistral(ConfigReader& config) {
  CheckpointModel read = read_llama_block(config, {14336, 8, 4096 * 32});
  const bool null = config.mentions("sliding_window") && !config.has("sliding_window");
  read.model.window = null ? 0 : config.whole("sliding_window", kWindowWithoutKey);
  if (!null && read.model.window == 0) config.refuse("sliding_window", "is 0; null is no window");
  config.expect("attention_bias", "false");
  config.expect("mlp_bias", "false");
  return read;
}

void write_mistral(const CheckpointModel& from, nlohmann::ordered_json& config) {
  write_llama_block(from, config);
  config["sliding_window"] =
      from.model.window > 0 ? nlohmann::ordered_json(from.model.window) : nullptr;
}

}  // namespace

constinit const FamilyEntry kMistral{
    .name = "mistral",
    .architecture = "MistralForCausalLM",
    .paper = "Jiang et al. 2023, 2310.06825",
    .read_config = read_mistral,
    .write_config = write_mistral,
    .block_prefix = "model.layers.N.",
    .block = kLlamaBlock,
    .outside = kLlamaOutside,
    .without_effect = kLlamaWithoutEffect,
};

}  // namespace lengthwise
