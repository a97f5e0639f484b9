#pragma once

namespace lengthwise {

struct SchemeEntry;

/// The Forgetting Transformer (forgetting.h) with rotary embeddings beside its gates (rotary.h),
/// which its paper (Lin et al. 2025, 2503.02130) has as a variant: queries and keys are turned, and
/// c_i - c_j is added to their scaled product. All position.rotary.* are read; the published base
/// is 500,000.
extern const SchemeEntry kFoxRotary;

}  // namespace lengthwise
