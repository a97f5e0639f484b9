#pragma once

namespace lengthwise {

struct SchemeEntry;

/// KERPLE, Chi et al. 2022 (2205.09921), section 4: minus a conditionally positive definite kernel
/// of the distance d is added to the scaled score, with r1 and r2 learned for each head of each
/// layer:
///   kerple_log:   -r1 ln(1 + r2 d),   r1, r2 > 0
///   kerple_power: -r1 d^r2,           r1 > 0, 0 < r2 <= 2 (beyond, it is no such kernel)
/// The bounds are kept smoothly: `position.layers.<layer>.log_r1` and `.log_r2` [H] hold
/// logarithms, and of the power `.logit_r2` [H] holds x of r2 = 2 / (1 + exp(-x)), so 2 itself is a
/// limit. Initial values are drawn as the authors' code does: log r1 from U(0, 2), r2 from U(0, 1);
/// power r1 from U(0, 1), r2 from U(0, 2); here no closer than 0.01 to an end that is a bound. That
/// code clamps at 0.01 by overwriting the parameters in each forward pass, which hides the bound
/// from the optimizer, and does not bound r2 by 2; NVIDIA NeMo begins with ones.
extern const SchemeEntry kKerpleLog;
extern const SchemeEntry kKerplePower;

}  // namespace lengthwise
