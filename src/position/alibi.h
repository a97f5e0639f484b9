#pragma once

#include <cstdint>
#include <memory>
#include <vector>

namespace lengthwise {

class PositionScheme;
struct ModelShape;
struct PositionOptions;

/// Attention with linear biases, Press et al. 2022 (2108.12409), section 3: -m_h (i - j) is added
/// to the scaled score of query i and key j <= i, with a fixed slope m_h a head. Nothing is
/// learned, and the bias is built in its relative form: the absolute form m_h j rounds away the
/// nearest keys at large j.
std::shared_ptr<PositionScheme> make_alibi(const PositionOptions&, const ModelShape&);

/// The slopes of n heads. n a power of two: 2^(-8/n), and the same ratio on. Otherwise, as the
/// authors' code has it: the slopes of the largest power of two p below n, then the 1st, 3rd, 5th
/// ... of those of 2p. The order is part of the rule, for heads are trained with their slopes.
std::vector<double> alibi_slopes(int64_t heads);

}  // namespace lengthwise
