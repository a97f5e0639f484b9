#pragma once

#include "checkpoints/family.h"

namespace lengthwise {

/// What Llama and those built like it share: RMSNorm before each sublayer, gated SiLU, rotary
/// embeddings by halves (Hugging Face's order of rows, not Meta's), fewer heads of keys and values.

struct LlamaDefaults {
  int64_t feedforward, key_value_heads, max_length;  // key_value_heads 0: as many as heads
};

/// Reads the keys that all of them have.
CheckpointModel read_llama_block(ConfigReader& config, const LlamaDefaults& defaults);

/// Writes them.
void write_llama_block(const CheckpointModel& from, nlohmann::ordered_json& config);

inline constexpr TensorRow kLlamaBlock[] = {
    {"attention_norm.weight", {"input_layernorm.weight"}},
    {"attention.query_key_value.weight",
     {"self_attn.q_proj.weight", "self_attn.k_proj.weight", "self_attn.v_proj.weight"}},
    {"attention.query_key_value.bias",
     {"self_attn.q_proj.bias", "self_attn.k_proj.bias", "self_attn.v_proj.bias"}},
    {"attention.output.weight", {"self_attn.o_proj.weight"}},
    {"attention.output.bias", {"self_attn.o_proj.bias"}},
    {"feedforward_norm.weight", {"post_attention_layernorm.weight"}},
    {"feedforward.gate.weight", {"mlp.gate_proj.weight"}},
    {"feedforward.gate.bias", {"mlp.gate_proj.bias"}},
    {"feedforward.up.weight", {"mlp.up_proj.weight"}},
    {"feedforward.up.bias", {"mlp.up_proj.bias"}},
    {"feedforward.down.weight", {"mlp.down_proj.weight"}},
    {"feedforward.down.bias", {"mlp.down_proj.bias"}},
};

inline constexpr TensorRow kLlamaOutside[] = {
    {"embedding.weight", {"model.embed_tokens.weight"}},
    {"final_norm.weight", {"model.norm.weight"}},
    {"head.weight", {"lm_head.weight"}},
};

/// Older files hold the frequencies, which the config gives.
inline constexpr std::string_view kLlamaWithoutEffect[] = {"rotary_emb.inv_freq", "position_ids"};

}  // namespace lengthwise
