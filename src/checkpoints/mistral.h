#pragma once

namespace lengthwise {

struct FamilyEntry;

/// Mistral (Jiang et al. 2023, 2310.06825): Llama's block with a window. A query sees itself and
/// W - 1 keys before it, as model.window has it. A config without the key `sliding_window` means
/// 4096, one with null none. Configs with layer_types are Ministral's and refused.
extern const FamilyEntry kMistral;

}  // namespace lengthwise
