#pragma once

#include <cstdint>

namespace lengthwise {

class OptionSet;
struct SchemeEntry;

struct CopeOptions {
  int64_t max_positions = 64;  // vectors a layer

  void declare(OptionSet& options);
};

/// Contextual position encoding, Golovneva et al. 2024 (2405.18719), section 4: a query counts the
/// keys that its gates let through, and looks itself up at the count.
///   g_ij = sigmoid(q_i k_j / sqrt(K)),   p_ij = min(sum_{k=j..i} g_ik, P - 1),
///   logit_ij = q_i k_j / sqrt(K) + q_i e[p_ij],
/// where P is position.cope.max_positions and e[p] lies between e[floor p] and e[floor p + 1] in
/// proportion. A key that the query does not see, later than it or outside the window, has gate 0
/// before the sum: in the sum it would leak.
///
/// The paper's equations leave out 1 / sqrt(K). This is the form of its listing: gates from the
/// scaled logits, q e not scaled. The authors' repository (facebookresearch/RAM) scales q e too
/// unless told not to. As in both, the vectors `position.layers.<l>.vectors` [P, K] are a layer's
/// own, shared by its heads, and begin at zero.
extern const SchemeEntry kCope;

}  // namespace lengthwise
