#include "checkpoints/bloom.h"

#include "checkpoints/family.h"
#include "position/alibi.h"
#include "position/scheme_entry.h"

namespace lengthwise {
namespace {

constexpr int64_t kTrainLength = 2048;  // no config says it

/// A number that two keys may give; the second wins.
int64_t either(ConfigReader& config, const std::string& key, const std::string& alias,
               int64_t fallback) {
  return config.whole(alias, config.whole(key, fallback));
}

CheckpointModel read_bloom(ConfigReader& config) {
  CheckpointModel read;
  ModelOptions& model = read.model;
  read.vocabulary_size = config.whole("vocab_size", 250880);
  model.width = either(config, "hidden_size", "n_embed", 64);
  model.layers = either(config, "num_hidden_layers", "n_layer", 2);
  model.heads = either(config, "num_attention_heads", "n_head", 8);
  model.feedforward = 4 * model.width;
  model.activation = "gelu_tanh";
  model.norm_epsilon = config.real("layer_norm_epsilon", 1e-5);
  model.embedding_norm = true;
  model.biases = {"query_key_value", "output", "feedforward", "norm"};
  model.residual =
      config.truth("apply_residual_connection_post_layernorm", false) ? "norm" : "stream";
  model.tied_embeddings = config.truth("tie_word_embeddings", true);
  model.train_length = config.whole("seq_length", kTrainLength);
  read.position.scheme = kAlibi.name;
  read.position.group<AlibiOptions>().bias_max = 8;
  if (config.has("n_inner")) {
    const int64_t inner = config.whole("n_inner", 0);
    if (inner != model.feedforward) config.refuse("n_inner", "is not four times the width");
  }
  config.ignore({"attention_softmax_in_fp32", "bias_dropout_fusion", "masked_softmax_fusion",
                 "n_inner", "offset_alibi", "pretraining_tp", "skip_bias_add", "skip_bias_add_qkv",
                 "slow_but_exact"});
  return read;
}

void write_bloom(const CheckpointModel& from, nlohmann::ordered_json& config) {
  const ModelOptions& model = from.model;
  config["hidden_size"] = model.width;
  config["n_layer"] = model.layers;
  config["n_head"] = model.heads;
  config["layer_norm_epsilon"] = model.norm_epsilon;
  config["apply_residual_connection_post_layernorm"] = model.residual == "norm";
  config["tie_word_embeddings"] = model.tied_embeddings;
  config["seq_length"] = model.train_length;
}

constexpr TensorRow kBlock[] = {
    {"attention_norm.weight", {"input_layernorm.weight"}},
    {"attention_norm.bias", {"input_layernorm.bias"}},
    {"attention.query_key_value.weight",
     {"self_attention.query_key_value.weight"},
     RowOrder::heads},
    {"attention.query_key_value.bias", {"self_attention.query_key_value.bias"}, RowOrder::heads},
    {"attention.output.weight", {"self_attention.dense.weight"}},
    {"attention.output.bias", {"self_attention.dense.bias"}},
    {"feedforward_norm.weight", {"post_attention_layernorm.weight"}},
    {"feedforward_norm.bias", {"post_attention_layernorm.bias"}},
    {"feedforward.up.weight", {"mlp.dense_h_to_4h.weight"}},
    {"feedforward.up.bias", {"mlp.dense_h_to_4h.bias"}},
    {"feedforward.down.weight", {"mlp.dense_4h_to_h.weight"}},
    {"feedforward.down.bias", {"mlp.dense_4h_to_h.bias"}},
};

constexpr TensorRow kOutside[] = {
    {"embedding.weight", {"word_embeddings.weight"}},
    {"embedding_norm.weight", {"word_embeddings_layernorm.weight"}},
    {"embedding_norm.bias", {"word_embeddings_layernorm.bias"}},
    {"final_norm.weight", {"ln_f.weight"}},
    {"final_norm.bias", {"ln_f.bias"}},
    {"head.weight", {"lm_head.weight"}},
};

}  // namespace

constinit const FamilyEntry kBloom{
    .name = "bloom",
    .architecture = "BloomForCausalLM",
    .paper = "BigScience Workshop 2022, 2211.05100",
    .read_config = read_bloom,
    .write_config = write_bloom,
    .block_prefix = "h.N.",
    .optional_prefix = "transformer.",
    .block = kBlock,
    .outside = kOutside,
};

}  // namespace lengthwise
