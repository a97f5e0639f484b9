#pragma once

#include <string>

namespace lengthwise {

class OptionSet;
struct SchemeEntry;

struct StickBreakingOptions {
  std::string remainder = "zero";  // or "own"

  void declare(OptionSet& options);
};

/// Stick-breaking attention, Tan et al. 2024 (2410.17980): no softmax and no positions. From the
/// query back each key takes its part of what nearer ones have left of a stick; z_ij = q_i k_j /
/// sqrt(K),
///   A_ij = sigmoid(z_ij) prod_{j<k<i} (1 - sigmoid(z_ik)),   j < i,
/// computed as the exponential of ln sigmoid(z_ij) + sum ln sigmoid(-z_ik), summed from the query
/// back. A query does not see itself; keys that a window hides break nothing off. What is left of
/// the stick goes to nothing (`zero`, so that the first query gives 0), or to the query's own value
/// (`own`, as the authors' repository shawntan/stickbreaking-attention has it in its tests).
extern const SchemeEntry kStickBreaking;

}  // namespace lengthwise
