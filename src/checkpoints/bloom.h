#pragma once

namespace lengthwise {

struct FamilyEntry;

/// BLOOM (BigScience 2022, 2211.05100): ALiBi, a norm on the embeddings, biases everywhere, tanh
/// GELU. Its fused projection is ordered head by head. The bias of its code is slope times key
/// index, which softmax cannot tell from ours by distance; in bfloat16 theirs rounds distant keys.
extern const FamilyEntry kBloom;

}  // namespace lengthwise
