#pragma once

namespace lengthwise {

struct SchemeEntry;

/// One learned vector a position, added to the embeddings: Gehring et al. 2017 (1705.03122),
/// section 3.1. The table `position.table` is [train_length, D], drawn from N(0, 0.1); beyond it
/// there is nothing to add, so the scheme has a limit.
extern const SchemeEntry kLearned;

}  // namespace lengthwise
