#pragma once

namespace lengthwise {

struct FamilyEntry;

/// MPT (MosaicML 2023): ALiBi, LayerNorm, exact GELU, queries, keys and values clipped on request.
/// Files with auto_map are llm-foundry's, whose defaults are no ALiBi and biases; the others are of
/// transformers' built-in class, with ALiBi and without biases. Keys mean what llm-foundry has them
/// mean in both: the built-in class ignores qk_ln, logit_scale, learned_pos_emb, alibi = false and
/// alibi_bias_max.
extern const FamilyEntry kMpt;

}  // namespace lengthwise
