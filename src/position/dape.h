#pragma once

#include <cstdint>
#include <string>

namespace lengthwise {

class OptionSet;
struct SchemeEntry;

struct DapeOptions {
  std::string bias = "alibi";  // or none, kerple_log, fire
  int64_t width = 32;

  void declare(OptionSet& options);
};

/// Data-adaptive positional encoding, Zheng et al. 2024 (2405.14722), section 3: a small network
/// looks at the logits a of all heads for a pair (i, j) and at their bias b, and corrects the bias.
///   logits = a + b + f(a, b),   f = W2 leaky_relu(W1 [a; b] + c),   slope 0.01 below zero,
/// with a = q k' / sqrt(K) and b [H] the bias of another scheme, position.dape.bias: alibi,
/// kerple_log and fire are the paper's DAPE-ALiBi, -Kerple and -FIRE; with none, b is
/// zero. The paper writes a without the scale; the authors' code hands over scaled logits, as
/// here.
///
/// A layer's own network: `position.layers.<l>.` hidden_weight [W, 2H], hidden_bias [W],
/// output_weight [H, W], where W is position.dape.width (32 in the authors' runs), drawn from
/// U(-1/sqrt(n), 1/sqrt(n)) at n inputs as the authors' layers are. Their bias behind W2 is left
/// out: it is one number for all keys of a query, and the softmax cancels it. The other scheme's
/// parameters stand under `position.base.`. The authors apply f to all pairs and mask after, as
/// here; a pair's result depends on that pair alone, so nothing leaks. Their second version
/// (2410.04798), a convolution along the keys, is another scheme.
extern const SchemeEntry kDape;

}  // namespace lengthwise
