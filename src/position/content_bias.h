#pragma once

#include <cstdint>

namespace lengthwise {

class OptionSet;
struct SchemeEntry;

struct ContentBiasOptions {
  int64_t rank = 16;     // numbers by which a query asks
  int64_t reach = 1024;  // distances that have an answer

  void declare(OptionSet& options);
};

/// The low-rank relative bias of Inkling (transformers, models/inkling): each query asks for
/// distances by a few numbers of its own. With x_i [D] the layer's (normalised) input,
///   r_i = W x_i  [H, R],   logit_ij = q_i k_j / sqrt(K) + r_ih . P[:, t],   t = p_i - p_j < N,
/// and nothing added from t = N on. No rotation beside it. There R = 16 and N = 1024. Distances
/// beyond the train length are never trained: N no larger than it is what a window can learn.
///
/// A layer has its own `position.layers.<l>.weight` [H R, D], drawn from N(0, 1/D), and
/// `position.layers.<l>.profiles` [R, N], shared by its heads and drawn from N(0, 0.02) (how they
/// begin there was not read; this is this program's).
extern const SchemeEntry kContentBias;

}  // namespace lengthwise
