#pragma once

namespace lengthwise {

struct FamilyEntry;

/// Llama 1 to 3.x (Touvron et al. 2023, 2302.13971; Dubey et al. 2024, 2407.21783), and what others
/// trained in its form, as SmolLM2.
extern const FamilyEntry kLlama;

}  // namespace lengthwise
