#pragma once

#include <cstdint>
#include <vector>

namespace lengthwise {

class OptionSet;
struct SchemeEntry;

struct AlibiOptions {
  double bias_max = 8;  // the smallest slope is 2^-bias_max

  void declare(OptionSet& options);
};

/// Attention with linear biases, Press et al. 2022 (2108.12409), section 3: -m_h (i - j) is added
/// to the scaled score of query i and key j <= i, with a fixed slope m_h a head. Nothing is
/// learned, and the bias is built in its relative form: the absolute form m_h j rounds away the
/// nearest keys at large j.
extern const SchemeEntry kAlibi;

/// ALiBi with slopes learned for each head of each layer, which the paper (section 3) tried and
/// found to extrapolate worse. `position.layers.<layer>.log_slopes` [H] holds ln m: m = exp(ln m)
/// stays positive without a bound that gradients would not see, and a step changes a slope in
/// proportion to itself. Training begins at the fixed slopes above. Learned as it is, m
/// may turn negative and reward distance.
extern const SchemeEntry kAlibiLearned;

/// Position interpolation for ALiBi, Al-Khateeb et al. 2023 (2310.13017): a window of T tokens
/// longer than train_length takes the slopes m_h train_length / T, so that its farthest key is as
/// far as the farthest in training. Windows up to train_length are plain ALiBi's. The factor
/// follows each window alone, never a longer one seen before.
extern const SchemeEntry kAlibiScaled;

/// The slopes of n heads. n a power of two: 2^(-8/n), and the same ratio on. Otherwise, as the
/// authors' code has it: the slopes of the largest power of two p below n, then the 1st, 3rd, 5th
/// ... of those of 2p. The order is part of the rule, for heads are trained with their slopes.
/// Another bias_max than the paper's 8 changes the ratio to 2^(-bias_max/n), as MPT's
/// alibi_bias_max does: the smallest slope is 2^-bias_max.
std::vector<double> alibi_slopes(int64_t heads, double bias_max = 8);

}  // namespace lengthwise
