#include "checkpoints/mpt.h"

#include <fmt/format.h>

#include <cmath>

#include "checkpoints/family.h"
#include "position/alibi.h"
#include "position/learned.h"
#include "position/none.h"
#include "position/scheme_entry.h"

namespace lengthwise {
namespace {

/// What attention does to queries and keys, and which heads it has. The built-in class writes the
/// keys of a config of its own into it.
void read_attention(ConfigReader& attention, CheckpointModel& read) {
  ModelOptions& model = read.model;
  const std::string type = attention.text("attn_type", "multihead_attention");
  if (type == "multiquery_attention") {
    model.key_value_heads = 1;
  } else if (type == "grouped_query_attention") {
    model.key_value_heads = attention.whole("kv_n_heads", 0);
    if (model.key_value_heads == 0) attention.refuse("kv_n_heads", "is not given");
  } else if (type != "multihead_attention") {
    attention.refuse("attn_type",
                     fmt::format("is '{}', which this program does not implement", type));
  }
  if (type != "grouped_query_attention") attention.ignore({"kv_n_heads"});
  model.query_key_value_clip = attention.real("clip_qkv", 0);
  model.attention_scale = attention.real("softmax_scale", 0);
  if (attention.truth("qk_ln", false)) {
    model.query_key_norm = "all_heads";
    if (model.norm_epsilon != 1e-5) {
      attention.refuse("qk_ln", "with a layer_norm_epsilon other than 1e-5 is not implemented");
    }
  }
  read.position.group<AlibiOptions>().bias_max = attention.real("alibi_bias_max", 8);
  for (const char* key : {"prefix_lm", "attn_uses_sequence_id", "rope", "qk_gn", "nope"}) {
    attention.expect(key, "false");
  }
  attention.expect("sliding_window_size", "-1");
  attention.expect("attn_logit_softcapping", "null");
  attention.expect("attn_temperature_tuning", "null");
  attention.expect("kv_dim", "null");
  attention.expect("reuse_kv_layer_idx", "null");
  ignore_common_keys(attention);
  // How it is computed, and what acts with rope alone.
  attention.ignore({"attn_impl", "attn_pdrop", "fused_qkv", "rope_theta", "rope_impl",
                    "rope_dail_config", "rope_hf_config"});
  attention.refuse_unread();
}

double logit_scale(ConfigReader& config, int64_t width) {
  if (!config.is_text("logit_scale")) return config.real("logit_scale", 1);
  config.expect("logit_scale", "\"inv_sqrt_d_model\"");
  return 1 / std::sqrt(static_cast<double>(width));
}

CheckpointModel read_mpt(ConfigReader& config) {
  CheckpointModel read;
  ModelOptions& model = read.model;
  const bool foundry = config.has("auto_map");
  read.vocabulary_size = config.whole("vocab_size", 50368);
  model.width = config.whole("d_model", 2048);
  model.layers = config.whole("n_layers", 24);
  model.heads = config.whole("n_heads", 16);
  const double inner = config.real("expansion_ratio", 4) * static_cast<double>(model.width);
  model.feedforward = std::llround(inner);
  if (std::abs(inner - std::round(inner)) > 1e-9) {
    config.refuse("expansion_ratio", "times d_model is no whole number");
  }
  model.train_length = config.whole("max_seq_len", 2048);
  model.norm_epsilon = config.real("layer_norm_epsilon", 1e-5);
  model.biases = {};
  if (!config.truth("no_bias", !foundry)) {
    model.biases = {"query_key_value", "output", "feedforward", "norm"};
  }
  const std::string norm = config.text("norm_type", "low_precision_layernorm");
  if (norm != "layernorm" && norm != "low_precision_layernorm") {
    config.refuse("norm_type", fmt::format("is '{}', which this program does not implement", norm));
  }
  model.tied_embeddings = config.truth("tie_word_embeddings", true);
  model.logit_scale = logit_scale(config, model.width);
  ConfigReader attention = config.object("attn_config");
  read.position.scheme = config.truth("learned_pos_emb", true) ? kLearned.name : kNone.name;
  if (attention.truth("alibi", !foundry)) read.position.scheme = kAlibi.name;
  read_attention(attention, read);
  ConfigReader inside = config.object("ffn_config");
  inside.expect("ffn_type", "\"mptmlp\"");
  inside.ignore({"fc_type"});
  inside.refuse_unread();
  config.expect("attention_bias", "null");
  config.expect("final_logit_softcapping", "null");
  config.expect("block_overrides", "null");
  config.ignore({"embedding_fraction", "emb_pdrop", "fc_type", "init_config", "init_device",
                 "resid_pdrop", "tokenizer_name", "use_pad_tok_in_ffn", "verbose"});
  return read;
}

/// What the built-in class reads: others of its keys it takes and ignores.
void write_mpt(const CheckpointModel& from, nlohmann::ordered_json& config) {
  const ModelOptions& model = from.model;
  config["d_model"] = model.width;
  config["n_layers"] = model.layers;
  config["n_heads"] = model.heads;
  config["max_seq_len"] = model.train_length;
  config["layer_norm_epsilon"] = model.norm_epsilon;
  config["tie_word_embeddings"] = model.tied_embeddings;
  if (model.query_key_value_clip > 0) {
    config["attn_config"]["clip_qkv"] = model.query_key_value_clip;
  }
  if (model.attention_scale > 0) config["attn_config"]["softmax_scale"] = model.attention_scale;
}

constexpr TensorRow kBlock[] = {
    {"attention_norm.weight", {"norm_1.weight"}},
    {"attention_norm.bias", {"norm_1.bias"}},
    {"attention.query_key_value.weight", {"attn.Wqkv.weight"}},
    {"attention.query_key_value.bias", {"attn.Wqkv.bias"}},
    {"attention.query_norm.weight", {"attn.q_ln.weight"}},
    {"attention.query_norm.bias", {"attn.q_ln.bias"}},
    {"attention.key_norm.weight", {"attn.k_ln.weight"}},
    {"attention.key_norm.bias", {"attn.k_ln.bias"}},
    {"attention.output.weight", {"attn.out_proj.weight"}},
    {"attention.output.bias", {"attn.out_proj.bias"}},
    {"feedforward_norm.weight", {"norm_2.weight"}},
    {"feedforward_norm.bias", {"norm_2.bias"}},
    {"feedforward.up.weight", {"ffn.up_proj.weight"}},
    {"feedforward.up.bias", {"ffn.up_proj.bias"}},
    {"feedforward.down.weight", {"ffn.down_proj.weight"}},
    {"feedforward.down.bias", {"ffn.down_proj.bias"}},
};

constexpr TensorRow kOutside[] = {
    {"embedding.weight", {"transformer.wte.weight"}},
    {"position.table", {"transformer.wpe.weight"}},
    {"final_norm.weight", {"transformer.norm_f.weight"}},
    {"final_norm.bias", {"transformer.norm_f.bias"}},
    {"head.weight", {"lm_head.weight"}},
};

}  // namespace

constinit const FamilyEntry kMpt{
    .name = "mpt",
    .architecture = "MptForCausalLM",
    .paper = "MosaicML 2023, llm-foundry",
    .read_config = read_mpt,
    .write_config = write_mpt,
    .block_prefix = "transformer.blocks.N.",
    .block = kBlock,
    .outside = kOutside,
};

}  // namespace lengthwise
