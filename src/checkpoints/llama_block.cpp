#include "checkpoints/llama_block.h"

#include "checkpoints/rope.h"

namespace lengthwise {

CheckpointModel read_llama_block(ConfigReader& config, const LlamaDefaults& defaults) {
  CheckpointModel read;
  ModelOptions& model = read.model;
  read.vocabulary_size = config.whole("vocab_size", 32000);
  model.width = config.whole("hidden_size", 4096);
  model.feedforward = config.whole("intermediate_size", defaults.feedforward);
  model.layers = config.whole("num_hidden_layers", 32);
  model.heads = config.whole("num_attention_heads", 32);
  // Null is as many as heads; absent is the family's own number.
  const int64_t absent = config.mentions("num_key_value_heads") ? 0 : defaults.key_value_heads;
  model.key_value_heads = config.whole("num_key_value_heads", absent);
  model.head_width = config.whole("head_dim", 0);
  model.activation = "swiglu";
  config.expect("hidden_act", "\"silu\"");
  model.norm = "rms";
  model.norm_epsilon = config.real("rms_norm_eps", 1e-6);
  model.biases = {};
  model.tied_embeddings = config.truth("tie_word_embeddings", false);
  model.train_length = config.whole("max_position_embeddings", defaults.max_length);
  if (model.train_length < 1) config.refuse("max_position_embeddings", "is 0");
  read_rope(config, read);
  config.ignore({"is_llama_config", "pretraining_tp", "transformers.js_config"});
  config.expect("rope_interleaved", "false");
  return read;
}

void write_llama_block(const CheckpointModel& from, nlohmann::ordered_json& config) {
  const ModelOptions& model = from.model;
  config["hidden_size"] = model.width;
  config["intermediate_size"] = model.feedforward;
  config["num_hidden_layers"] = model.layers;
  config["num_attention_heads"] = model.heads;
  config["num_key_value_heads"] = model.heads_of_keys();
  config["head_dim"] = model.width_of_heads();
  config["hidden_act"] = "silu";
  config["rms_norm_eps"] = model.norm_epsilon;
  config["tie_word_embeddings"] = model.tied_embeddings;
  config["max_position_embeddings"] = model.train_length;
  write_rope(from, config);
}

}  // namespace lengthwise
